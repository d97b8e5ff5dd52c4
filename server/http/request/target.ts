import { type Problem, problems } from "../../errors.ts";
import { httpProblems } from "../http-problems.ts";

export interface Target {
  /** Begins with "/". */
  readonly path: string;
  /** Without "?". */
  readonly query: string;
}

/** RFC 9112 section 3.2: origin-form, and absolute-form as clients of plain proxies send it. Both name the same. */
export function targetOf(method: string, target: string): Target | Problem {
  if (method === "CONNECT") return httpProblems.tunnelUnsupported(target);
  let rest = target;
  if (!target.startsWith("/")) {
    if (target === "*")
      return method === "OPTIONS" ? problems.methodNotAllowed(method, allowed) : httpProblems.badTarget(target);
    const scheme = /^https?:\/\/[^/?#]+/i.exec(target);
    if (scheme === null) return httpProblems.badTarget(target);
    rest = target.slice(scheme[0].length);
    if (!rest.startsWith("/")) rest = `/${rest}`;
  }
  const query = rest.indexOf("?");
  return query === -1 ? { path: rest, query: "" } : { path: rest.slice(0, query), query: rest.slice(query + 1) };
}

/** Of the server as a whole, which `OPTIONS *` asks about. */
const allowed = "GET, HEAD, POST";
