import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { Agent, request } from "undici";
import { buildPrograms } from "../../cluster/programs.ts";
import { type Authority, createAuthority } from "./authority.ts";
import { freePort } from "./free-port.ts";

/** A real S3 server on loopback, with a bucket `models`. */
export interface S3Server {
  readonly host: string;
  readonly endpoint: string;
  readonly authority: Authority | undefined;
  /** Of its root account. */
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  /** Stores an object and returns the version that the bucket gave it, if it keeps versions. */
  put(key: string, content: Uint8Array): Promise<string | null>;
  /** Any other request to the bucket, signed. */
  bucket(method: "PUT", query: string, body: string): Promise<void>;
  close(): Promise<void>;
}

export const region = "eu-test-1";
const startMilliseconds = 20_000;

/** Starts versitygw on folders of its own. */
export async function startS3Server(options: { readonly tls?: boolean } = {}): Promise<S3Server> {
  const { versitygw } = await buildPrograms(["versitygw"]);
  const directory = await mkdtemp(join(tmpdir(), "slipway-s3-"));
  const folder = (name: string): string => join(directory, name);
  for (const name of ["data", "versions"]) await mkdir(folder(name));
  const authority = options.tls === true ? await createAuthority(folder("authority")) : undefined;
  const host = `127.0.0.1:${await freePort()}`;
  const keys = {
    AWS_ACCESS_KEY_ID: "slipway-test",
    AWS_SECRET_ACCESS_KEY: "a secret/of the+test".replaceAll(" ", "_"),
  };
  const tls = authority === undefined ? [] : ["--cert", authority.certificatePath, "--key", authority.keyPath];
  const log: string[] = [];
  const program = spawn(
    join(versitygw, "versitygw"),
    [
      "--port",
      host,
      "--region",
      region,
      "--health",
      "/health",
      "--quiet",
      ...tls,
      "posix",
      "--versioning-dir",
      folder("versions"),
      folder("data"),
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: "/usr/bin:/bin",
        ROOT_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID,
        ROOT_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY,
      },
    },
  );
  for (const output of [program.stdout, program.stderr])
    output.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const endpoint = `${authority === undefined ? "http" : "https"}://${host}`;
  const agent = new Agent({ connect: authority === undefined ? {} : { ca: authority.authorityPem } });
  const signer = new AwsClient({
    accessKeyId: keys.AWS_ACCESS_KEY_ID,
    secretAccessKey: keys.AWS_SECRET_ACCESS_KEY,
    service: "s3",
    region,
  });
  const send = async (url: string, method: "PUT", body: Uint8Array | string): Promise<string | null> => {
    const signed = await signer.sign(url, { method, body: typeof body === "string" ? body : Buffer.from(body) });
    const answer = await request(url, {
      method,
      dispatcher: agent,
      headers: Object.fromEntries(signed.headers),
      body: typeof body === "string" ? body : Buffer.from(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${method} ${url}: ${answer.statusCode} ${text}`);
    const version = answer.headers["x-amz-version-id"];
    return typeof version === "string" ? version : null;
  };

  await ready(`${endpoint}/health`, agent, log);
  await send(`${endpoint}/models`, "PUT", "");
  return {
    host,
    endpoint,
    authority,
    keys,
    put: (key, content) =>
      send(`${endpoint}/models/${key.split("/").map(encodeURIComponent).join("/")}`, "PUT", content),
    async bucket(method, query, body) {
      await send(`${endpoint}/models?${query}`, method, body);
    },
    async close() {
      await agent.close();
      program.kill("SIGTERM");
      if (program.exitCode === null && program.signalCode === null) await once(program, "exit");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ready(url: string, dispatcher: Agent, log: readonly string[]): Promise<void> {
  const deadline = performance.now() + startMilliseconds;
  for (;;) {
    const status = await request(url, { dispatcher }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => 0,
    );
    if (status === 200) return;
    if (performance.now() > deadline) throw new Error(`versitygw did not answer in time:\n${log.join("")}`);
    await sleep(50);
  }
}
