/**
 * The load client as a process of its own, so that it can run in another network namespace than its parent. Prints a
 * line of JSON a second, {"progress": LoadSummary}, and at the end {"summary": LoadSummary}. It ends on SIGTERM and
 * when its standard input does, so it never outlives its parent.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { runLoad } from "./load.ts";

const usage = `node test/load/main.ts --url URL --body FILE [--content-type TYPE] [--connections N] [--rate N]
  sends FILE by POST over N kept connections, at most --rate a second together, until SIGTERM or end of input
`;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    body: { type: "string" },
    "content-type": { type: "string", default: "application/json" },
    connections: { type: "string", default: "8" },
    rate: { type: "string", default: "100" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(usage);
} else if (values.url === undefined || values.body === undefined) {
  process.stderr.write(`--url and --body have to be given\n${usage}`);
  process.exitCode = 2;
} else {
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  process.once("SIGINT", () => stop.abort());
  process.stdin.once("end", () => stop.abort()).resume();
  const summary = await runLoad(
    {
      url: values.url,
      body: await readFile(values.body),
      contentType: values["content-type"],
      connections: positive("--connections", values.connections),
      ratePerSecond: positive("--rate", values.rate),
      onProgress: (progress) => process.stdout.write(`${JSON.stringify({ progress })}\n`),
    },
    stop.signal,
  );
  process.stdout.write(`${JSON.stringify({ summary })}\n`);
  process.stdin.destroy();
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag} is ${text}: give a number above 0`);
  return value;
}
