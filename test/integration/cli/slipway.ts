import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repositoryDirectory } from "../../cluster/directories.ts";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly variables?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

export const binary = join(repositoryDirectory, "cli", "slipway.mjs");

/** What the process may see: no credentials, no colour settings and no kubeconfig of who runs the tests. */
export function environment(variables: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME, DOCKER_CONFIG: "/nowhere", KUBECONFIG: "/nowhere", ORT_DISABLE_TELEMETRY: "1", ...variables };
}

/** Runs the real command as a process of its own, without a terminal. */
export async function slipway(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [binary, ...words], {
    env: environment(options.variables),
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
  });
  // A command that reads no input may have ended before it was written.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr };
}

/**
 * Runs the command in a pseudo-terminal (`script` of util-linux), where it may draw and colour. What both streams wrote
 * comes as one text, with the terminal's line ends.
 */
export async function inTerminal(
  words: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const quoted = [process.execPath, binary, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", quoted, "/dev/null"], {
    env: environment({ TERM: "xterm", ...variables }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  const screen = await text(child.stdout);
  return { code: await ended, screen };
}

/** A folder that is gone when `use` is over. */
export async function withFolder<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-cli-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
