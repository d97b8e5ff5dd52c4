import assert from "node:assert/strict";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { environment, failureReasons, paths } from "../contract.ts";
import { credentialKeys } from "./sources/credentials.ts";
import { runFetch } from "./fetch.ts";
import { storageNames } from "./folder/storage-names.ts";
import { defaultLimits } from "./limits.ts";

/** docs/reference/sources.md tells of everything that this folder reads and reports. */
const page = await readFile(new URL("../../docs/reference/sources.md", import.meta.url), "utf8");
const code = (await Promise.all((await sources()).map((file) => readFile(file, "utf8")))).join("\n");

test("every scheme has a row", async () => {
  const schemes = (await schemesOf()).toSorted();
  const rows = [...page.matchAll(/^\| `([a-z0-9]+):\/\//gm)].map(([, scheme]) => scheme ?? "");
  assert.deepEqual([...new Set(rows)].toSorted(), schemes);
});

test("every key of the Secret and every variable is named", () => {
  const known = Object.values(environment).filter((name) => code.includes(`names.${nameOf(name)}`));
  assert.ok(known.length >= 10, known.join());
  const inherited = [...code.matchAll(/environment\["([A-Z0-9_]+)"\]/g)].map(([, name]) => name ?? "");
  assert.ok(inherited.includes("AWS_ROLE_ARN"));
  const notForUsers: readonly string[] = [
    environment.logLevel,
    environment.terminationMessage,
    "AWS_ROLE_SESSION_NAME",
  ];
  for (const name of [...credentialKeys, ...known, ...inherited].filter((one) => !notForUsers.includes(one))) {
    assert.ok(page.includes(`\`${name}\``), `${name} is not on the page`);
  }
  for (const path of [paths.modelDirectory, paths.credentialsDirectory, paths.claimDirectory]) {
    assert.ok(page.includes(`\`${path}\``), `${path} is not on the page`);
  }
});

test("every reason has a row that says whether it is tried again", () => {
  const used = Object.entries(failureReasons).filter(
    ([reason]) => code.includes(`"${reason}"`) && reason !== "Crashed",
  );
  const rows = [...page.matchAll(/^\| `(\w+)` \|.*\| (yes|no) \|$/gm)].map(([, reason, again]) => [reason, again]);
  assert.deepEqual(
    Object.fromEntries(rows),
    Object.fromEntries(used.map(([reason, { permanent }]) => [reason, permanent ? "no" : "yes"])),
  );
});

test("every name that storage makes by itself has a row", () => {
  const rows = [...page.matchAll(/^\| `(\S[^`]*)` \| ([^|]+) \|$/gm)].map(([, shown, by]) => [shown, by]);
  for (const { shown, by } of storageNames) {
    assert.deepEqual(
      rows.find(([name]) => name === shown),
      [shown, by],
    );
  }
});

test("the bounds are those of the code", () => {
  assert.deepEqual(
    [defaultLimits.totalMilliseconds, defaultLimits.totalBytes, defaultLimits.idleMilliseconds],
    [3_600_000, 64 * 1024 ** 3, 45_000],
  );
  assert.deepEqual([defaultLimits.minimumBytesPerSecond, defaultLimits.retryDelaysMilliseconds.length], [10 * 1024, 6]);
  const { fruitlessMilliseconds, fruitlessWaitMilliseconds, longestRetryAfterMilliseconds } = defaultLimits;
  assert.deepEqual(
    [fruitlessMilliseconds, fruitlessWaitMilliseconds, longestRetryAfterMilliseconds],
    [20_000, 30_000, 60_000],
  );
});

/** As the message about an unknown one lists them. */
async function schemesOf(): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-page-"));
  const message = join(directory, "termination-log");
  try {
    const log = { info: silent, warn: silent, error: silent };
    await runFetch({ SLIPWAY_MODEL_URI: "none://x", SLIPWAY_TERMINATION_MESSAGE: message }, { log });
    return [...(await readFile(message, "utf8")).matchAll(/([a-z0-9]+):\/\//g)].map(([, scheme]) => scheme ?? "");
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function sources(): Promise<string[]> {
  const files = await Array.fromAsync(glob("**/*.ts", { cwd: import.meta.dirname }));
  return files.filter((file) => !file.endsWith(".test.ts")).map((file) => join(import.meta.dirname, file));
}

function nameOf(variable: string): string {
  return Object.entries(environment).find(([, value]) => value === variable)?.[0] ?? "";
}

function silent(): void {}
