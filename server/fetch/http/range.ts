import type { IncomingHttpHeaders } from "undici/types/header.js";
import { discard } from "./body.ts";
import type { Answer } from "./client.ts";

/** How far a download has come. */
export interface Position {
  readonly offset: number;
  /** What the server called the state of the bytes that are there; undefined when it named none. */
  readonly validator: string | undefined;
}

/** A body, and where it begins in the whole. */
export interface Opened {
  readonly offset: number;
  /** Of the whole, as far as the server says. */
  readonly size: number | undefined;
  readonly validator: string | undefined;
  /** The content coding that the server names: how it keeps the bytes, or sends them; undefined without one. */
  readonly encoding: string | undefined;
  readonly body: Answer["body"];
  readonly host: string;
}

export interface RangeRequest {
  /** Sends the request with these headers added. */
  readonly send: (headers: Readonly<Record<string, string>>) => Promise<Answer>;
  /** Turns a status that is no body into the failure to throw. */
  readonly refuse: (answer: Answer) => Promise<Error>;
  /**
   * What makes sure that the rest belongs to the same bytes. `if-range`: a server that has others sends the whole;
   * `if-match`: it answers 412, for a date that is sent as `if-unmodified-since` (RFC 9110 §13.1.4); `none`: the address
   * names bytes that never change.
   */
  readonly condition: "if-range" | "if-match" | "none";
}

/**
 * Opens a body at a position (RFC 9110 §14), or at the start where the server cannot go on: it ignores ranges, cannot
 * give this one, or has other bytes by now. Without a validator nothing tells that, so it starts anew.
 */
export async function openAt({ offset, validator }: Position, request: RangeRequest): Promise<Opened> {
  const { condition } = request;
  if (offset > 0 && (condition === "none" || validator !== undefined)) {
    const answer = await request.send({
      range: `bytes=${offset}-`,
      ...(condition === "none" || validator === undefined ? {} : { [fieldOf(condition, validator)]: validator }),
    });
    const range = contentRange(answer.headers);
    // Some servers know ranges and ignore the condition; what they say of the part tells whether it fits.
    const found = validatorOf(answer.headers) ?? validator;
    if (answer.status === 206 && range?.start === offset && (condition === "none" || found === validator)) {
      return { ...answer, offset, size: range.size, validator: found, encoding: encodingOf(answer.headers) };
    }
    if (answer.status === 200) return whole(answer);
    if (![206, 412, 416].includes(answer.status)) throw await request.refuse(answer);
    await discard(answer.body);
  }
  const answer = await request.send({});
  if (answer.status === 200) return whole(answer);
  throw await request.refuse(answer);
}

/** `If-Range` takes a tag or a date, `If-Match` tags only. */
function fieldOf(condition: "if-range" | "if-match", validator: string): string {
  return condition === "if-match" && !validator.startsWith('"') ? "if-unmodified-since" : condition;
}

function whole(answer: Answer): Opened {
  const length = answer.headers["content-length"];
  const size = typeof length === "string" && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  return { ...answer, offset: 0, size, validator: validatorOf(answer.headers), encoding: encodingOf(answer.headers) };
}

/**
 * A strong validator: an entity tag that is not weak, or else a modification that lies a second or more before the
 * answer (RFC 9110 §8.8.2.2, §13.1.5).
 */
export function validatorOf(headers: IncomingHttpHeaders): string | undefined {
  const { etag, "last-modified": modified, date } = headers;
  if (typeof etag === "string" && /^"[\x21\x23-\x7e]*"$/.test(etag)) return etag;
  if (typeof modified !== "string" || typeof date !== "string") return undefined;
  return Date.parse(date) - Date.parse(modified) >= 1000 ? modified : undefined;
}

/** Google Cloud Storage unpacks what it keeps in gzip for whoever does not accept that, and says so in a field of its own. */
function encodingOf(headers: IncomingHttpHeaders): string | undefined {
  const named = [headers["content-encoding"], headers["x-goog-stored-content-encoding"]];
  return named.find((encoding) => typeof encoding === "string" && /^(?!identity$)[\w, -]{1,64}$/i.test(encoding)) as
    | string
    | undefined;
}

function contentRange(headers: IncomingHttpHeaders): { readonly start: number; readonly size?: number } | undefined {
  const header = headers["content-range"];
  const range = typeof header === "string" ? /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(header) : null;
  if (range === null) return undefined;
  const [, start, size] = range;
  return { start: Number(start), ...(size === "*" ? {} : { size: Number(size) }) };
}
