import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PodReport } from "../../../server/contract.ts";
import { terminationMessageBytes } from "../../../server/contract.ts";
import { type FetchOptions, runFetch } from "../../../server/fetch/fetch.ts";

export interface Fetched {
  readonly code: number;
  readonly report: PodReport;
  /** Files in the model directory, by relative path. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly log: readonly string[];
}

/** Runs the fetch step into a fresh folder, and takes in what it leaves behind. */
export async function fetching(
  environment: Readonly<Record<string, string>>,
  options: FetchOptions = {},
): Promise<Fetched> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-fetch-"));
  const log: string[] = [];
  const line = (_fields: unknown, message: string): void => void log.push(message);
  try {
    const code = await runFetch(
      {
        SLIPWAY_MODEL_NAME: "direction",
        SLIPWAY_MODEL_VERSION: "v1",
        SLIPWAY_MODEL_DIRECTORY: join(directory, "model"),
        SLIPWAY_TERMINATION_MESSAGE: join(directory, "termination-log"),
        ...environment,
      },
      { log: { info: line, warn: line, error: line }, ...options },
    );
    const message = await readFile(join(directory, "termination-log"));
    if (message.byteLength > terminationMessageBytes)
      throw new Error(`${message.byteLength} bytes of termination message`);
    if (message.includes(directory)) throw new Error("the report tells a path of the pod");
    return {
      code,
      report: JSON.parse(message.toString()) as PodReport,
      files: await filesIn(join(directory, "model")),
      log,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function filesIn(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(directory.length + 1), await readFile(path));
  }
  return files;
}
