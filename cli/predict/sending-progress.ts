import type { Edge } from "../edge.ts";
import { type Progress, startProgress } from "../text/progress.ts";

/** A smaller request is gone before anybody has read of it. */
const shownBytes = 1024 * 1024;

/** Tells how far a large request is on its way. */
export function sendingProgress(edge: Pick<Edge, "messages" | "now">, shown: string, bytes: number): Progress {
  return bytes >= shownBytes ? startProgress(edge, `sending to ${shown}`, bytes) : none;
}

const none: Progress = { add: () => undefined, expect: () => undefined, end: () => undefined };
