/** Structured log of the fetch step: one JSON line each, with a message and fields. */
export interface FetchLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A report carries this many of the last warnings: enough for the story of a row of retries. */
const keptLines = 12;

/** Passes everything on and keeps the last warnings, as text, for the log tail of a failure report. */
export function keepTail(log: FetchLog): { readonly log: FetchLog; readonly tail: () => string } {
  const lines: string[] = [];
  return {
    log: {
      info: (fields, message) => log.info(fields, message),
      warn(fields, message) {
        lines.push(message);
        if (lines.length > keptLines) lines.shift();
        log.warn(fields, message);
      },
      error: (fields, message) => log.error(fields, message),
    },
    tail: () => lines.join("\n"),
  };
}
