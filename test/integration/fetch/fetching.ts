import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FailureReason, PodReport } from "../../../server/contract.ts";
import { terminationMessageBytes } from "../../../server/contract.ts";
import { type FetchOptions, runFetch } from "../../../server/fetch/fetch.ts";

/** Tries again as soon as a test may ask for; how long a server may be silent is as in a pod. */
export const restless = { retryDelaysMilliseconds: [20, 20, 20] };

/** For servers that are silent for good: one that is only slow, as on a busy machine, would be taken for silent, too. */
export const impatient = { ...restless, idleMilliseconds: 400 };

export interface Fetched {
  readonly code: number;
  readonly report: PodReport;
  /** Files in the model directory, by relative path. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly log: readonly string[];
}

export interface FetchingOptions extends FetchOptions {
  /** Keys and values of the source's Secret. Those of five characters and more must not show in log or report. */
  readonly secret?: Readonly<Record<string, string>>;
  /** A folder to use and keep, in place of a fresh one that is removed. */
  readonly directory?: string;
}

/** Runs the fetch step into a fresh folder, and takes in what it leaves behind. */
export async function fetching(
  environment: Readonly<Record<string, string>>,
  { secret = {}, directory: given, ...options }: FetchingOptions = {},
): Promise<Fetched> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), "slipway-fetch-")));
  const log: string[] = [];
  const fields: unknown[] = [];
  const line = (ofLine: unknown, message: string): void => {
    fields.push(ofLine);
    log.push(message);
  };
  try {
    await mountSecret(join(directory, "secret"), secret);
    const code = await runFetch(
      {
        SLIPWAY_MODEL_NAME: "direction",
        SLIPWAY_MODEL_VERSION: "v1",
        SLIPWAY_MODEL_DIRECTORY: join(directory, "model"),
        SLIPWAY_TERMINATION_MESSAGE: join(directory, "termination-log"),
        SLIPWAY_CREDENTIALS_DIRECTORY: join(directory, "secret"),
        ...environment,
      },
      { log: { info: line, warn: line, error: line }, ...options },
    );
    const message = await readFile(join(directory, "termination-log"));
    if (message.byteLength > terminationMessageBytes)
      throw new Error(`${message.byteLength} bytes of termination message`);
    if (message.includes(directory)) throw new Error("the report tells a path of the pod");
    const told = `${message.toString()}${JSON.stringify(fields)}${log.join("\n")}`;
    for (const [key, value] of Object.entries(secret)) {
      if (isSecret(key, value) && told.includes(value.trim()))
        throw new Error(`log or report tell the value of ${key}`);
    }
    return {
      code,
      report: JSON.parse(message.toString()) as PodReport,
      files: await filesIn(join(directory, "model")),
      log,
    };
  } finally {
    if (given === undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** Lays a Secret out as the kubelet does: every file a link, by way of `..data`, into a folder with the time as name. */
export async function mountSecret(directory: string, secret: Readonly<Record<string, string>>): Promise<void> {
  const version = `..${process.hrtime.bigint()}`;
  await mkdir(join(directory, version), { recursive: true });
  for (const [key, value] of Object.entries(secret)) {
    await writeFile(join(directory, version, key), value);
    await rm(join(directory, key), { force: true });
    await symlink(join("..data", key), join(directory, key));
  }
  await rm(join(directory, "..data_tmp"), { force: true });
  await symlink(version, join(directory, "..data_tmp"));
  await rename(join(directory, "..data_tmp"), join(directory, "..data"));
}

/** What is told on purpose: addresses, and how to ask there. */
const toldKeys: readonly string[] = [
  "AWS_ENDPOINT_URL",
  "AWS_REGION",
  "AWS_S3_ADDRESSING_STYLE",
  "HF_ENDPOINT",
  "username",
];

function isSecret(key: string, value: string): boolean {
  return value.length >= 5 && !toldKeys.includes(key);
}

/** The failure that the pod leaves behind: stage, reason and message. */
export function assertFails({ code, report }: Fetched, reason: FailureReason, message: RegExp): void {
  assert.equal(code, 1);
  assert.ok(!report.ok, "the fetch succeeded");
  assert.equal(report.reason, reason, report.message);
  assert.match(report.message, message);
  assert.equal(report.stage, "Download");
}

/** A single model file under a name, its digest that of its bytes. */
export function assertModel({ code, report, files }: Fetched, content: Uint8Array, name = "model.onnx"): void {
  assert.ok(report.ok, JSON.stringify(report));
  assert.equal(code, 0);
  assert.equal(report.digest, sha256(content));
  assert.equal(report.bytes, content.byteLength);
  assert.deepEqual([...files.keys()], [name]);
  assert.ok(files.get(name)?.equals(content), `${name} has other bytes`);
}

/** All files of a folder, the digest that of the sorted lines `sha256 size path`. */
export function assertFolder({ code, report, files }: Fetched, expected: Readonly<Record<string, Uint8Array>>): void {
  assert.ok(report.ok, JSON.stringify(report));
  assert.equal(code, 0);
  assert.deepEqual([...files.keys()].toSorted(), Object.keys(expected).toSorted());
  const lines: Buffer[] = [];
  for (const [name, content] of Object.entries(expected)) {
    assert.ok(files.get(name)?.equals(content), `${name} has other bytes`);
    lines.push(Buffer.from(`${sha256(content).slice("sha256:".length)} ${content.byteLength} ${name}\n`));
  }
  assert.equal(report.digest, sha256(Buffer.concat(lines.toSorted((left, right) => Buffer.compare(left, right)))));
}

/** As reports write it. */
export function sha256(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/**
 * Whether a body of so many bytes was sent once over a connection that was cut: what lay in buffers at a cut is lost and
 * sent again, which is far less than what had been written by then.
 */
export function assertSentOnce(sent: number, size: number): void {
  assert.ok(sent > size && sent < size + 256 * 1024, `${sent} bytes were sent for ${size}`);
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
