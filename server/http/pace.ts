import type { HttpLimits } from "./limits.ts";

/**
 * Whether a body comes fast enough. A small one (one window's bytes at most, by its declared length or by what has come)
 * holds little memory and may take `bodySeconds`. A larger one must bring a window's bytes in each window of
 * `paceSeconds`, however much it brought before: a client that stops at the last byte is found as soon as one that never
 * began.
 */
export interface Pace {
  readonly begun: number;
  windowBegun: number;
  windowBytes: number;
}

export type PaceFailure = "late" | "slow";

type PaceLimits = Pick<HttpLimits, "bodySeconds" | "paceSeconds" | "paceBytesPerSecond">;

/** `now`: awake milliseconds, as everywhere here. */
export function beginPace(now: number, received: number): Pace {
  return { begun: now, windowBegun: now, windowBytes: received };
}

/** `declared`: bytes on the wire, -1 if unknown; `received`: of those. Begins the next window when one was kept. */
export function checkPace(
  pace: Pace,
  declared: number,
  received: number,
  now: number,
  limits: PaceLimits,
): PaceFailure | undefined {
  const floorBytes = limits.paceSeconds * limits.paceBytesPerSecond;
  if (Math.max(declared, received) <= floorBytes)
    return now - pace.begun > limits.bodySeconds * 1000 ? "late" : undefined;
  if (now - pace.windowBegun <= limits.paceSeconds * 1000) return undefined;
  if (received - pace.windowBytes < floorBytes) return "slow";
  pace.windowBegun = now;
  pace.windowBytes = received;
  return undefined;
}

/**
 * How long the kernel may take to accept so many bytes of an answer, in milliseconds: one window for whatever else waits
 * in its buffer, and the time that the bytes take at the lowest rate.
 */
export function sendMilliseconds(bytes: number, { paceSeconds, paceBytesPerSecond }: PaceLimits): number {
  return (paceSeconds + bytes / paceBytesPerSecond) * 1000;
}
