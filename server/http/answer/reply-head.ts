import { STATUS_CODES } from "node:http";

export interface ReplyFacts {
  readonly requestId: string;
  /** The whole line, see {@link dateLine}. */
  readonly date: string;
  /** Undefined: an answer that can have no body, as 204. */
  readonly body: BodyLength | undefined;
  readonly isLast: boolean;
}

/** How a client knows where the body ends. */
export type BodyLength = { readonly length: number } | "chunked" | "until close";

/** Status line and headers, to the empty line. ASCII, so that it can be written in front of text of any encoding. */
export function replyHead(status: number, headers: Readonly<Record<string, string>>, facts: ReplyFacts): string {
  let head = statusLines.get(status) ?? addStatusLine(status);
  for (const name in headers) {
    if (!ownNames.has(name)) head += `${name}: ${safeValue(headers[name] ?? "")}\r\n`;
  }
  if (typeof facts.body === "object") head += `content-length: ${facts.body.length}\r\n`;
  else if (facts.body === "chunked") head += "transfer-encoding: chunked\r\n";
  const connection = facts.isLast ? "close" : "keep-alive";
  return `${head}x-request-id: ${facts.requestId}\r\n${facts.date}connection: ${connection}\r\n\r\n`;
}

/** RFC 9110 section 6.6.1. To be made anew each second, not for each answer. */
export function dateLine(now: Date): string {
  return `date: ${now.toUTCString()}\r\n`;
}

/** Written from the facts: a second one could contradict them. */
const ownNames = new Set(["connection", "content-length", "date", "transfer-encoding", "x-request-id"]);

/** Values may hold a client's words: nothing of them may end the line. */
function safeValue(value: string): string {
  return unsafe.test(value) ? value.replaceAll(everyUnsafe, "?") : value;
}

const unsafe = /[^\t\x20-\x7e]/;
const everyUnsafe = /[^\t\x20-\x7e]/g;

const statusLines = new Map<number, string>();

function addStatusLine(status: number): string {
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  statusLines.set(status, line);
  return line;
}
