import { encodeSpans, type Scope } from "./encode-spans.ts";
import { isSampled } from "./sampler.ts";
import { createSendSpans } from "./send-spans.ts";
import type { TracedRequest } from "./span.ts";
import { createSpanExporter } from "./span-exporter.ts";
import type { TraceSettings } from "./trace-settings.ts";

/** Makes spans of requests that are over, and sends them. There is none where nothing is exported. */
export interface Tracer {
  readonly record: (request: TracedRequest) => void;
  /** Sends what waits, as far as that is possible in so many milliseconds. */
  readonly flush: (milliseconds: number) => Promise<void>;
}

export interface TracerOptions {
  readonly settings: TraceSettings;
  readonly scope: Scope;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970 UTC. */
  readonly wallClock: () => number;
  /** So many random bytes as hex digits. */
  readonly randomHex: (bytes: number) => string;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly onLost: (spans: number, detail: string) => void;
}

const traceIdBytes = 16;
const spanIdBytes = 8;

export function createTracer(options: TracerOptions): Tracer {
  const { settings, scope, now, wallClock, randomHex } = options;
  const send = createSendSpans(settings);
  const exporter = createSpanExporter({
    delayMilliseconds: settings.delayMilliseconds,
    send: (spans) => send(encodeSpans(settings.resource, scope, spans)),
    onLost: options.onLost,
    now,
    wait: options.wait,
  });
  return {
    record({ parent, started, ended, marks, name, attributes, isError }) {
      const traceId = parent?.traceId ?? randomHex(traceIdBytes);
      if (!isSampled(settings.sampler, traceId, parent)) return;
      // Anew for each span: the clock of the world may be set, the other one may not.
      const offset = wallClock() - now();
      exporter.add({
        name,
        traceId,
        spanId: randomHex(spanIdBytes),
        parentId: parent?.parentId,
        traceState: parent?.traceState ?? "",
        start: started + offset,
        end: ended + offset,
        attributes,
        events: marks.map((mark) => ({ name: mark.name, at: mark.at + offset })),
        isError,
      });
    },
    flush: (milliseconds) => Promise.race([exporter.flush(), options.wait(milliseconds)]),
  };
}
