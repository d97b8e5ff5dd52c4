/** What a caller says of the trace that its request belongs to: W3C Trace Context, level 1. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** The caller's own span: 16 hex digits, not all zero. */
  readonly parentId: string;
  readonly isSampled: boolean;
  /** The header `tracestate`, empty when there is none or it is malformed. */
  readonly traceState: string;
}

/** Fields of version 00, which every later one begins with; a later one may have more behind another dash. */
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const allZero = /^0+$/;
const sampledFlag = 1;

/**
 * Reads `traceparent` and `tracestate` (sections 3.2 and 3.3). A malformed `traceparent` is as if there were none, and its
 * `tracestate` with it; a malformed `tracestate` alone is left out.
 */
export function readTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | undefined {
  if (traceparent === undefined) return undefined;
  const match = traceparentPattern.exec(traceparent.trim());
  if (match === null) return undefined;
  const [, version = "", traceId = "", parentId = "", flags = "", rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (allZero.test(traceId) || allZero.test(parentId)) return undefined;
  return {
    traceId,
    parentId,
    isSampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0,
    traceState: tracestate === undefined || !isTraceState(tracestate) ? "" : tracestate,
  };
}

const mostMembers = 32;
/** A key of one tenant, or of a tenant of a system; printable values without commas and equals signs. */
const memberPattern =
  /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

function isTraceState(text: string): boolean {
  const members = text
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  if (members.length > mostMembers || !members.every((member) => memberPattern.test(member))) return false;
  return new Set(members.map((member) => member.slice(0, member.indexOf("=")))).size === members.length;
}
