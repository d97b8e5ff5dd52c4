import { writeFile } from "node:fs/promises";
import { type FetchReport, type PodReport, terminationMessageBytes } from "../contract.ts";

/**
 * JSON of a report in at most {@link terminationMessageBytes} bytes of UTF-8. What is too long loses the start of its
 * log tail first (the end of a log says why), then the end of its message; a success loses the end of its warning, and no
 * digest or pin. What is left is valid JSON in any case.
 */
export function encodeReport(report: PodReport): string {
  const whole = JSON.stringify(report);
  if (fits(whole)) return whole;
  if (report.ok) return withoutLongWarning(report);

  const { logTail, ...bare } = report;
  if (logTail !== undefined && fits(JSON.stringify(bare))) {
    return longest(logTail.length, (kept) =>
      JSON.stringify(kept === 0 ? bare : { ...bare, logTail: logTail.slice(-kept) }),
    );
  }
  return longest(bare.message.length, (kept) =>
    JSON.stringify({ ...bare, message: `${bare.message.slice(0, kept)}…` }),
  );
}

export async function writeReport(path: string, report: PodReport): Promise<void> {
  await writeFile(path, encodeReport(report));
}

/** Without its warning a success is short: its longest part is a pin. */
function withoutLongWarning({ warning = "", ...bare }: FetchReport): string {
  return longest(warning.length, (kept) =>
    JSON.stringify(kept === 0 ? bare : { ...bare, warning: `${warning.slice(0, kept)}…` }),
  );
}

function fits(json: string): boolean {
  return Buffer.byteLength(json) <= terminationMessageBytes;
}

/** The encoding that keeps most characters and still fits. Length grows with what is kept, so halving finds it. */
function longest(characters: number, encode: (kept: number) => string): string {
  let fitting = 0;
  let tooMany = characters + 1;
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(encode(middle))) fitting = middle;
    else tooMany = middle;
  }
  return encode(fitting);
}
