import type { Problem } from "../errors.ts";
import { httpProblems } from "./http-problems.ts";
import type { HttpLimits } from "./limits.ts";
import { checkPace, type Pace, sendMilliseconds } from "./pace.ts";

/**
 *     head      waits for a request, or has a part of its head
 *     body      its body comes
 *     answer    its handler, or the client's reading, is waited for; nothing more is read
 *     discard   it was answered, and the rest of its body is short enough to be read over
 *     linger    our side has ended; the client may still read its answer
 *     closed    gone or handed over
 */
export type Phase = "head" | "body" | "answer" | "discard" | "linger" | "closed";

/** What of a connection counts for its limits of time; all times are awake milliseconds. */
export interface Waiting {
  readonly phase: Phase;
  /** When the phase began, or the head. */
  readonly since: number;
  readonly isWithinHead: boolean;
  readonly isIdle: boolean;
  /** Bytes of the body on the wire, -1 if unknown. */
  readonly declared: number;
  readonly reception:
    | { readonly received: number; readonly isReady: boolean; readonly isComplete: boolean }
    | undefined;
  readonly pace: Pace | undefined;
  /** Of an answer, what the kernel has not taken. */
  readonly waiting: { readonly bytes: number; readonly since: number } | undefined;
}

/** What has to become of a connection whose time is over: a refusal, a polite end or none. */
export function overdue(of: Waiting, now: number, limits: HttpLimits): Problem | "end" | "destroy" | undefined {
  const seconds = (now - of.since) / 1000;
  switch (of.phase) {
    case "head":
      if (of.isWithinHead) return seconds > limits.headSeconds ? httpProblems.headerTimedOut() : undefined;
      return of.isIdle && seconds > limits.idleSeconds ? "end" : undefined;
    case "body":
      return overdueBody(of, now, limits);
    case "answer":
      if (of.waiting === undefined) return undefined;
      return now - of.waiting.since > sendMilliseconds(of.waiting.bytes, limits) ? "destroy" : undefined;
    case "discard":
      return seconds > limits.paceSeconds ? "destroy" : undefined;
    case "linger":
      return seconds > limits.lingerSeconds ? "destroy" : undefined;
    case "closed":
      return undefined;
  }
}

function overdueBody({ reception, pace, declared }: Waiting, now: number, limits: HttpLimits): Problem | undefined {
  if (reception === undefined || pace === undefined) return undefined;
  if (reception.isComplete || !reception.isReady) {
    // While it is inflated here, the client is not to blame.
    pace.windowBegun = now;
    return undefined;
  }
  const failure = checkPace(pace, declared, reception.received, now, limits);
  if (failure === "late") return httpProblems.bodyTimedOut(limits.bodySeconds);
  return failure === "slow" ? httpProblems.bodyTooSlow(limits.paceBytesPerSecond) : undefined;
}
