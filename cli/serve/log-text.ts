import type { Style } from "../text/style.ts";

/** A line of the server's log for a person. */
export interface ShownLine {
  readonly text: string;
  readonly message: string;
  /** The server ends with it. */
  readonly isFatal: boolean;
}

/** pino's numbers of its levels. */
const levels = { info: 30, warn: 40, error: 50, fatal: 60 } as const;

/** Lines of a run that goes well that a person wants to see; `serving` is told at more length by the command. */
const notable: readonly string[] = ["draining", "drained"];

/** undefined: not worth showing. With `isVerbose` everything is shown, each request included. */
export function logText(line: string, isVerbose: boolean, style: Style): ShownLine | undefined {
  const { level, msg, time: _time, model: _model, version: _version, ...fields } = JSON.parse(line) as LogLine;
  if (level < levels.warn && !isVerbose && !notable.includes(msg)) return undefined;
  const details = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`);
  const mark = level >= levels.error ? style.bad("error: ") : level >= levels.warn ? style.warning("warning: ") : "";
  const tail = details.length === 0 || (!isVerbose && level < levels.warn) ? "" : style.faint(`  ${details.join(" ")}`);
  return { text: `${mark}${msg}${tail}`, message: msg, isFatal: level >= levels.fatal };
}

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
