import type { Edge } from "../edge.ts";
import { showBytes, showSeconds } from "./amounts.ts";

/** How far a transfer is. */
export interface Progress {
  /** Negative for what has to come once more. */
  readonly add: (bytes: number) => void;
  /** Says what the whole is, once that is known. */
  readonly expect: (bytes: number) => void;
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
const mostBarCells = 24;
/** So many still show how a transfer moves. */
const enoughBarCells = 10;
/** A bar of fewer says less than the percentage beside it. */
const fewestBarCells = 4;
const brackets = 2;
/** The bar gives way to so much of a label: a word, and the end of what it is about. */
const shortestLabel = 18;
/** Of less than that nobody can tell what it was. */
const readableLabel = 8;
const gap = "  ";
const eraseLine = "\r\x1b[K";

/** A line that is drawn over and over on standard error; nothing at all when that is no terminal. */
export function startProgress(
  { messages, now }: Pick<Edge, "messages" | "now">,
  label: string,
  total: number | undefined,
): Progress {
  if (!messages.isTerminal) return { add: () => undefined, expect: () => undefined, end: () => undefined };
  const started = now();
  let whole = total;
  let drawn = Number.NEGATIVE_INFINITY;
  let done = 0;
  let isOver = false;
  const draw = (): void => {
    drawn = now();
    const state = { label, done, total: whole, elapsedSeconds: (drawn - started) / 1000 };
    messages.write(eraseLine + progressLine(state, messages.columns));
  };
  draw();
  return {
    add: (bytes) => {
      done += bytes;
      if (now() - drawn >= drawEveryMilliseconds || done === whole) draw();
    },
    expect: (bytes) => {
      whole = bytes;
      draw();
    },
    end: () => {
      if (!isOver) messages.write(eraseLine);
      isOver = true;
    },
  };
}

/**
 * `pushing model.onnx  [########        ]  34%  2.9 MiB of 8.5 MiB  1.2 MiB/s  5 s left`, within the width: the figures
 * change and stay whole, the bar and the label give way.
 */
export function progressLine(state: ProgressState, columns: number): string {
  const { label, done, total } = state;
  const figures = figuresOf(state).join(gap);
  // One column stays free: a full line makes some terminals go on to the next.
  const width = Math.max(0, columns - 1);
  const room = width - figures.length - gap.length;
  const cells = total === undefined ? 0 : barCellsBeside(label, room - gap.length - brackets);
  const bar = total === undefined || cells < fewestBarCells ? [] : [barOf(done, total, cells)];
  const shown = shortened(label, room - bar.join("").length - bar.length * gap.length);
  return [...(shown === "" ? [] : [shown]), ...bar, figures].join(gap).slice(0, width);
}

/** The bar gives way to the label down to some cells, then the label's middle to the bar, then the bar again. */
function barCellsBeside(label: string, room: number): number {
  const beside = Math.min(mostBarCells, room - label.length);
  return beside >= enoughBarCells ? beside : Math.min(enoughBarCells, room - Math.min(label.length, shortestLabel));
}

function figuresOf({ done, total, elapsedSeconds }: ProgressState): string[] {
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  const speed = rate > 0 ? [`${showBytes(rate)}/s`] : [];
  if (total === undefined) return [showBytes(done), ...speed];
  return [
    `${total === 0 ? 100 : Math.floor((100 * done) / total)}%`.padStart(4),
    `${showBytes(done)} of ${showBytes(total)}`,
    ...speed,
    ...(rate > 0 && done < total ? [`${showSeconds((total - done) / rate)} left`] : []),
  ];
}

/** Its beginning says what is done and its end to what; between them `…` stands for what does not fit. */
function shortened(label: string, room: number): string {
  if (label.length <= room) return label;
  if (room < readableLabel) return "";
  const end = Math.floor((room - 1) / 2);
  return `${label.slice(0, room - 1 - end)}…${label.slice(label.length - end)}`;
}

function barOf(done: number, total: number, cells: number): string {
  const filled = total === 0 ? cells : Math.min(cells, Math.floor((cells * done) / total));
  return `[${"#".repeat(filled)}${" ".repeat(cells - filled)}]`;
}
