import type { SamplerSettings } from "./trace-settings.ts";
import type { TraceContext } from "./trace-context.ts";

/**
 * Whether the spans of a trace are recorded: as the caller has decided, or for a part of the traces by their id, the same
 * part in every process (OpenTelemetry SDK specification, "TraceIdRatioBased": the last seven bytes are taken as random,
 * as W3C Trace Context level 2 asks them to be).
 */
export function isSampled(
  { isParentBased, ratio }: SamplerSettings,
  traceId: string,
  parent: TraceContext | undefined,
): boolean {
  if (isParentBased && parent !== undefined) return parent.isSampled;
  if (ratio === 0 || ratio === 1) return ratio === 1;
  return Number.parseInt(traceId.slice(...randomDigits), 16) >= (1 - ratio) * 2 ** randomBits;
}

/** Of 32 hex digits, those of the last 56 bits, but for the last one: a number holds 53 bits exactly. */
const randomDigits = [18, 31] as const;
const randomBits = 52;
