import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, getTestContext } from "node:test";
import { environment, type PodReport } from "../../../server/contract.ts";
import { youngGeneration } from "../../../server/supervisor/shards/start-shard.ts";

/** The server as a process of its own on loopback, as the container runs it. */
export interface RunningServer {
  readonly port: number;
  readonly grpcPort: number;
  readonly url: string;
  readonly metricsUrl: string;
  readonly process: ChildProcess;
  /** Writes the downward API file. */
  readonly setInService: (content: string) => Promise<void>;
  readonly report: () => Promise<PodReport | undefined>;
  readonly log: () => readonly LogLine[];
  readonly exited: Promise<Exit>;
  /** SIGTERM, and SIGKILL if it does not end; removes the files. */
  readonly stop: () => Promise<Exit>;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Files of the model directory, by name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly variables?: Readonly<Record<string, string>>;
  /** False: return as soon as it listens or has ended, whatever becomes of the model. */
  readonly untilReady?: boolean;
  /** Started from this image instead of from the sources. */
  readonly image?: MountedImage;
}

/** An image whose files lie in a folder of this machine. */
export interface MountedImage {
  readonly root: string;
  /** ENTRYPOINT and CMD. */
  readonly command: readonly string[];
  /** ENV, as `NAME=value`. */
  readonly environment: readonly string[];
  /** USER, as `UID:GID`. */
  readonly user: string;
}

const main = new URL("../../../server/main.ts", import.meta.url).pathname;
const startMilliseconds = 60_000;

export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { files, variables = {}, untilReady = true, image } = options;
  const directory = await mkdtemp(join(tmpdir(), "slipway-server-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const terminationMessage = join(directory, "termination-log");
  const inServiceFile = join(directory, "in-service");
  await writeFile(terminationMessage, "");
  if (image !== undefined) {
    await chmod(directory, 0o755);
    await chmod(terminationMessage, 0o666);
  }

  const [program = "", ...words] =
    image === undefined ? [process.execPath, youngGeneration, main, "serve"] : commandInImage(image, directory);
  const seen = (path: string): string => (image === undefined ? path : path.replace(directory, folderInImage));
  const child = spawn(program, words, {
    env: {
      // Nothing is inherited: what the server needs must be in its contract. What a pod says comes after what its image says.
      ...Object.fromEntries((image?.environment ?? []).map((variable) => variable.split(/=(.*)/s, 2))),
      [environment.modelName]: "m",
      [environment.modelVersion]: "v1",
      [environment.modelDirectory]: seen(directory),
      [environment.listenAddress]: "127.0.0.1",
      [environment.httpPort]: "0",
      [environment.metricsPort]: "0",
      [environment.terminationMessage]: seen(terminationMessage),
      [environment.inServiceFile]: seen(inServiceFile),
      [environment.cpuLimit]: "1",
      [environment.propagation]: "0.3",
      ...variables,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  const lines: LogLine[] = [];
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  endWithTest(end);
  const waiters = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    lines.push(JSON.parse(text) as LogLine);
    for (const look of waiters) look();
  });
  const logged = (message: string): Promise<LogLine | Exit> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no "${message}" in the log after ${startMilliseconds} ms: ${JSON.stringify(lines)}`));
      }, startMilliseconds);
      const settle = (value: LogLine | Exit): void => {
        clearTimeout(timer);
        waiters.delete(look);
        resolve(value);
      };
      const look = (): void => {
        const found = lines.find((line) => line.msg === message);
        if (found !== undefined) settle(found);
      };
      waiters.add(look);
      void exited.then(settle);
      look();
    });

  const listening = await logged("listening");
  if (untilReady) await logged("serving");
  const portOf = (name: string): number => (name in listening ? Number((listening as LogLine)[name]) : 0);
  const port = portOf("httpPort");
  return {
    port,
    grpcPort: portOf("grpcPort"),
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${portOf("metricsPort")}`,
    process: child,
    setInService: (content) => writeFile(inServiceFile, content),
    async report() {
      const text = await readFile(terminationMessage, "utf8");
      return text === "" ? undefined : (JSON.parse(text) as PodReport);
    },
    log: () => lines,
    exited,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), startMilliseconds);
      const exit = await exited;
      clearTimeout(timer);
      await rm(directory, { recursive: true, force: true });
      return exit;
    },
  };
}

/**
 * A test that fails half-way leaves no process behind: its file would wait for it until its time is up. What was started
 * in the `before` of a suite ends with the suite.
 */
function endWithTest(end: () => Promise<void>): void {
  const context = getTestContext();
  if (context !== undefined && "after" in context) context.after(end);
  else after(end);
}

/** An empty folder of every Debian. */
const folderInImage = "/home";

/**
 * As a container runtime starts it, so far as files and user go: the image read-only, in it the folder of the model, the
 * image's user, and nothing of this machine but /proc. One process all the way, so that a signal reaches the server.
 */
function commandInImage({ root, command, user }: MountedImage, directory: string): string[] {
  const script = [
    "root=$1 directory=$2 user=$3; shift 3",
    'mount --bind "$root" "$root"',
    'mount -o remount,bind,ro "$root"',
    `mount --bind "$directory" "$root${folderInImage}"`,
    'mount --rbind /proc "$root/proc"',
    'exec chroot --userspec="$user" "$root" "$@"',
  ].join(" && ");
  return ["unshare", "--mount", "sh", "-c", script, "sh", root, directory, user, ...command];
}

export interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  readonly json: unknown;
}

/** One request on a connection of its own. */
export function call(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string | Uint8Array;
  } = {},
): Promise<Reply> {
  const method = options.method ?? (options.body === undefined ? "GET" : "POST");
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: options.headers ?? {}, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers["content-type"] === "application/json" && text !== "";
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    request.on("error", reject);
    request.end(options.body);
  });
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  return call(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

/** Sends bytes as they are and returns everything that comes back until the connection ends. */
export function raw(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
    socket.write(bytes);
  });
}

/** Waits until `check` holds, far longer than it takes on a busy machine; for what comes about in another process. */
export async function eventually(what: string, check: () => Promise<boolean> | boolean, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    if (await check()) return;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
