import type { Span } from "./span.ts";

/** Keeps spans until they are sent, and never makes anybody wait for it. */
export interface SpanExporter {
  /** Dropped when as many as may wait are waiting. */
  readonly add: (span: Span) => void;
  /** Sends what waits; resolves when that is done or given up. */
  readonly flush: () => Promise<void>;
}

export type Sending =
  | { readonly kind: "taken" }
  /** `isPassing`: another try may succeed; not before so many milliseconds, where the collector says so. */
  | {
      readonly kind: "refused";
      readonly detail: string;
      readonly isPassing: boolean;
      readonly afterMilliseconds?: number;
    };

export interface SpanExporterOptions {
  readonly delayMilliseconds: number;
  /** One request to the collector. Never rejects. */
  readonly send: (spans: readonly Span[]) => Promise<Sending>;
  /** Spans were lost: called at most once a minute, with how many since the last time. */
  readonly onLost: (spans: number, detail: string) => void;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Those of the OpenTelemetry specification for batches. */
export const mostWaiting = 2048;
export const batchSpans = 512;
/** Of one batch; then it is lost. The waits between them double from a second on: half a minute in all. */
const mostTries = 5;
const firstWaitMilliseconds = 1000;
const longestWaitMilliseconds = 30_000;
const lossMilliseconds = 60_000;

export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const { now, wait } = options;
  let waiting: Span[] = [];
  /** Of spans that were lost and not told of. */
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let working: Promise<void> | undefined;
  /** The request under way. */
  let sending: Promise<Sending> | undefined;
  let isHurried = false;

  const lose = (count: number, detail: string): void => {
    lost += count;
    if (now() - toldAt < lossMilliseconds) return;
    toldAt = now();
    options.onLost(lost, detail);
    lost = 0;
  };

  const sendBatch = async (batch: readonly Span[]): Promise<void> => {
    for (let tries = 1; ; tries++) {
      sending = options.send(batch);
      const sent = await sending;
      if (sent.kind === "taken") return;
      // Who ends has no time for further tries.
      if (!sent.isPassing || tries === mostTries || isHurried) return lose(batch.length, sent.detail);
      const usual = firstWaitMilliseconds * 2 ** (tries - 1);
      await wait(Math.min(sent.afterMilliseconds ?? usual, longestWaitMilliseconds));
    }
  };

  /** One batch after the other, so that a collector which hangs costs one request and this queue. */
  const work = async (): Promise<void> => {
    if (!isHurried && waiting.length < batchSpans) await wait(options.delayMilliseconds);
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSpans);
      waiting = waiting.slice(batchSpans);
      await sendBatch(batch);
      if (!isHurried && waiting.length < batchSpans && waiting.length > 0) await wait(options.delayMilliseconds);
    }
    working = undefined;
  };

  return {
    add(span) {
      if (waiting.length >= mostWaiting) return lose(1, `${mostWaiting} spans are waiting already`);
      waiting.push(span);
      working ??= work();
    },
    async flush() {
      isHurried = true;
      // What works may be within a wait of its own: what waits is sent beside it.
      const batches: Promise<unknown>[] = sending === undefined ? [] : [sending];
      for (; waiting.length > 0; waiting = waiting.slice(batchSpans))
        batches.push(sendBatch(waiting.slice(0, batchSpans)));
      await Promise.all(batches);
    },
  };
}
