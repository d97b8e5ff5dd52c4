import { createRequire } from "node:module";

/** The head of a request as it was sent, after Node's parser found it well-formed. */
export interface RequestHead {
  readonly major: number;
  readonly minor: number;
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value: names as sent, values as Latin-1 without surrounding whitespace. */
  readonly headers: readonly string[];
  /** What version and `connection` say together. */
  readonly isKeptAlive: boolean;
}

export interface HeadParser {
  /** The head that the last call of `parse` completed. */
  readonly head: RequestHead | undefined;
  /** How many bytes belong to the head: all, while it is not complete. What follows a complete head was not looked at. */
  parse(bytes: Uint8Array): number | ParseFailure;
  /** Makes it new, whatever it has seen. */
  reset(): void;
}

export type ParseFailure = "malformed" | "too large";

/**
 * The one place that touches Node's native parser (llhttp), as `node:http` itself does, but without the streams, which
 * cost 16 µs a request. It is not a public interface: parser.test.ts pins what is relied on. Of llhttp only the grammar
 * of heads is used: each head is said to ask for an upgrade, upon which the parser stops right behind it and tells where,
 * whether a body follows or not. Framing of the body is decided from the same, checked headers (framing.ts).
 */
export function createHeadParser(headerBytes: number): HeadParser {
  const native = new HTTPParser();
  native.initialize(HTTPParser.REQUEST, {}, headerBytes, HTTPParser.kLenientNone);
  /** Headers that came ahead: the parser hands them over when it has 32. */
  let early: string[] = [];
  let earlyTarget = "";
  let head: RequestHead | undefined;

  native[HTTPParser.kOnHeaders] = (headers, target) => {
    early.push(...headers);
    earlyTarget += target;
  };
  native[HTTPParser.kOnHeadersComplete] = (
    major,
    minor,
    headers,
    method,
    target,
    _status,
    _reason,
    _upgrade,
    keepAlive,
  ) => {
    const isEarly = headers === undefined || headers === null;
    head = {
      major,
      minor,
      method: methods[method] ?? "",
      target: isEarly ? earlyTarget : (target ?? ""),
      headers: isEarly ? early : headers,
      isKeptAlive: keepAlive,
    };
    if (isEarly) {
      early = [];
      earlyTarget = "";
    }
    return stopBehindHead;
  };

  return {
    get head() {
      return head;
    },
    parse(bytes) {
      head = undefined;
      const outcome = native.execute(bytes);
      if (typeof outcome === "number") return outcome;
      return outcome.code === "HPE_HEADER_OVERFLOW" ? "too large" : "malformed";
    },
    reset() {
      early = [];
      earlyTarget = "";
      native.initialize(HTTPParser.REQUEST, {}, headerBytes, HTTPParser.kLenientNone);
    },
  };
}

/** What kOnHeadersComplete returns for "another protocol follows". */
const stopBehindHead = 2;

type OnHeaders = (headers: string[], target: string) => void;
type OnHeadersComplete = (
  major: number,
  minor: number,
  headers: string[] | undefined | null,
  method: number,
  target: string | undefined | null,
  status: unknown,
  reason: unknown,
  upgrade: boolean,
  keepAlive: boolean,
) => number;

interface NativeParser {
  initialize(kind: number, resource: object, headerBytes: number, leniency: number): void;
  execute(bytes: Uint8Array): number | (Error & { readonly code: string });
  1?: OnHeaders;
  2?: OnHeadersComplete;
}

interface NativeParserClass {
  new (): NativeParser;
  readonly REQUEST: number;
  readonly kOnHeaders: 1;
  readonly kOnHeadersComplete: 2;
  readonly kLenientNone: number;
}

const require = createRequire(import.meta.url);
const { HTTPParser } = require("_http_common") as { readonly HTTPParser: NativeParserClass };
const { METHODS } = require("node:http") as { readonly METHODS: readonly string[] };

/** Names of methods by the parser's numbers, asked of the parser itself: its list is not exported as a whole. */
const methods = learnMethods();

function learnMethods(): readonly string[] {
  const names: string[] = [];
  const native = new HTTPParser();
  for (const name of METHODS) {
    native.initialize(HTTPParser.REQUEST, {}, 0, HTTPParser.kLenientNone);
    native[HTTPParser.kOnHeadersComplete] = (_major, _minor, _headers, method) => {
      names[method] = name;
      return stopBehindHead;
    };
    native.execute(Buffer.from(`${name} ${name === "CONNECT" ? "a:1" : "/"} HTTP/1.1\r\n\r\n`));
  }
  return names;
}
