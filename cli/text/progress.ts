import type { Edge } from "../edge.ts";
import { showBytes, showSeconds } from "./amounts.ts";

/** How far a transfer is. */
export interface Progress {
  readonly add: (bytes: number) => void;
  /** Takes the line away, so that what follows starts on a clean one. */
  readonly end: () => void;
}

export interface ProgressState {
  readonly label: string;
  readonly done: number;
  /** Unknown for a download whose sender has not said. */
  readonly total: number | undefined;
  readonly elapsedSeconds: number;
}

/** Eyes see no more, and a slow terminal is not flooded. */
const drawEveryMilliseconds = 100;
const barCells = 24;
const eraseLine = "\r\x1b[K";

/** A line that is drawn over and over on standard error; nothing at all when that is no terminal. */
export function startProgress(
  { messages, now }: Pick<Edge, "messages" | "now">,
  label: string,
  total: number | undefined,
): Progress {
  if (!messages.isTerminal) return { add: () => undefined, end: () => undefined };
  const started = now();
  let drawn = Number.NEGATIVE_INFINITY;
  let done = 0;
  let isOver = false;
  const draw = (): void => {
    drawn = now();
    const state = { label, done, total, elapsedSeconds: (drawn - started) / 1000 };
    messages.write(eraseLine + progressLine(state, messages.columns));
  };
  draw();
  return {
    add: (bytes) => {
      done += bytes;
      if (now() - drawn >= drawEveryMilliseconds || done === total) draw();
    },
    end: () => {
      if (!isOver) messages.write(eraseLine);
      isOver = true;
    },
  };
}

/** `pushing model.onnx  [########        ]  34%  2.9 MiB of 8.5 MiB  1.2 MiB/s  5 s left`, cut to the width. */
export function progressLine({ label, done, total, elapsedSeconds }: ProgressState, columns: number): string {
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  const speed = rate > 0 ? [`${showBytes(rate)}/s`] : [];
  const parts =
    total === undefined
      ? [label, showBytes(done), ...speed]
      : [
          label,
          bar(done, total),
          `${total === 0 ? 100 : Math.floor((100 * done) / total)}%`.padStart(4),
          `${showBytes(done)} of ${showBytes(total)}`,
          ...speed,
          ...(rate > 0 && done < total ? [`${showSeconds((total - done) / rate)} left`] : []),
        ];
  // One column stays free: a full line makes some terminals go on to the next.
  return parts.join("  ").slice(0, Math.max(0, columns - 1));
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? barCells : Math.min(barCells, Math.floor((barCells * done) / total));
  return `[${"#".repeat(filled)}${" ".repeat(barCells - filled)}]`;
}
