import { type Problem, problemJson } from "../../errors.ts";
import type { Reply } from "../handler.ts";
import { replyHead } from "./reply-head.ts";

/** A problem as an answer: `{"error": message, "code": code}`, and the headers that go with its status. */
export function problemReply(problem: Problem, isLast = false): Reply {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (problem.allow !== undefined) headers["allow"] = problem.allow;
  if (problem.retryAfterSeconds !== undefined) headers["retry-after"] = String(problem.retryAfterSeconds);
  return {
    status: problem.status,
    headers,
    parts: [problemJson(problem)],
    isLast,
  };
}

/** The same as bytes, where there is no exchange: the connection ends after it. */
export function refusalBytes(problem: Problem, requestId: string, date: string): string {
  const { status, headers, parts } = problemReply(problem);
  const body = [...parts].join("");
  return (
    replyHead(status, headers, { requestId, date, body: { length: Buffer.byteLength(body) }, isLast: true }) + body
  );
}
