import { destination, type Logger, pino } from "pino";

/** Takes one JSON line with its line feed. */
export type WriteLine = (line: string) => void;

export function createLog(level: string, write: WriteLine): Logger {
  return pino({ level, base: null, errorKey: "error" }, { write });
}

/** Standard output, written at once: the process may end right after a line. */
export function standardOutput(): WriteLine {
  const output = destination({ dest: 1, sync: true });
  return (line) => output.write(line);
}
