import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { buildPrograms } from "../../../cluster/programs.ts";
import { freePort } from "../servers/free-port.ts";

/** A real S3 server of other habits than versitygw: objects are files on its disk, and buckets may be in the host's name. */
export interface RcloneServer {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  /** Puts an object into the bucket `models`. */
  put(key: string, content: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const keys = { AWS_ACCESS_KEY_ID: "slipway-rclone", AWS_SECRET_ACCESS_KEY: "another_secret/of_the+test" };
const startMilliseconds = 20_000;

export interface RcloneOptions {
  /** Anybody may read; else its {@link RcloneServer.keys} are needed. */
  readonly isPublic?: boolean;
  readonly addressing?: "path" | "virtual";
}

/** Starts `rclone serve s3` on a folder of its own. */
export async function startRclone({
  isPublic = false,
  addressing = "path",
}: RcloneOptions = {}): Promise<RcloneServer> {
  const { rclone } = await buildPrograms(["rclone"]);
  const directory = await mkdtemp(join(tmpdir(), "slipway-rclone-"));
  await mkdir(join(directory, "models"));
  const host = `127.0.0.1:${await freePort()}`;
  const log: string[] = [];
  const auth = isPublic ? [] : ["--auth-key", `${keys.AWS_ACCESS_KEY_ID},${keys.AWS_SECRET_ACCESS_KEY}`];
  const style = `--force-path-style=${addressing === "path"}`;
  // Files that the test adds are seen at once, and no configuration of the person who runs it is read.
  const settings = ["--dir-cache-time", "0", "--config", join(directory, "no-configuration")];
  const command = [join(rclone, "rclone"), "serve", "s3", "--addr", host, style, ...auth, ...settings, directory];
  const program = spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: ["ignore", "pipe", "pipe"] });
  for (const output of [program.stdout, program.stderr])
    output.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const close = async (): Promise<void> => {
    program.kill("SIGTERM");
    if (program.exitCode === null && program.signalCode === null) await once(program, "exit");
    await rm(directory, { recursive: true, force: true });
  };
  const deadline = performance.now() + startMilliseconds;
  while (!(await answers(host))) {
    if (program.exitCode !== null || performance.now() > deadline) {
      await close();
      throw new Error(`rclone does not serve:\n${log.join("")}`);
    }
    await sleep(50);
  }
  return {
    host,
    keys,
    async put(key, content) {
      const path = join(directory, "models", key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    },
    close,
  };
}

/** Whatever it answers to a request for nothing, it listens. */
async function answers(host: string): Promise<boolean> {
  return request(`http://${host}/`).then(
    async ({ body }) => {
      await body.dump();
      return true;
    },
    () => false,
  );
}
