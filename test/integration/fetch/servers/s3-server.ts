import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { Agent, request } from "undici";
import { buildPrograms } from "../../../cluster/programs.ts";
import { type Authority, createAuthority } from "./authority.ts";
import { onLoopback, type Place } from "./place.ts";

/** A real S3 server, with a bucket `models`. */
export interface S3Server {
  readonly host: string;
  readonly endpoint: string;
  readonly authority: Authority | undefined;
  /** Of its root account. */
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  /** Stores an object and returns the version that the bucket gave it, if it keeps versions. */
  put(key: string, content: Uint8Array): Promise<string | null>;
  /** Changes a setting of the bucket. */
  bucket(query: string, body: string): Promise<void>;
  close(): Promise<void>;
}

export const region = "eu-test-1";
/** Of the root account of every versitygw here. */
const keys = { AWS_ACCESS_KEY_ID: "slipway-test", AWS_SECRET_ACCESS_KEY: "a_secret/of_the+test" };
const startMilliseconds = 120_000;

export interface S3ServerOptions {
  readonly tls?: boolean;
  /** More options of the program, before the name of its storage. */
  readonly options?: readonly string[];
  readonly place?: Place;
}

/** Starts versitygw on folders of its own. */
export async function startS3Server({ tls, options = [], place }: S3ServerOptions = {}): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-s3-"));
  const folder = (name: string): string => join(directory, name);
  for (const name of ["data", "versions"]) await mkdir(folder(name));
  const authority = tls === true ? await createAuthority(folder("authority")) : undefined;
  const { host, enter } = place ?? (await onLoopback());
  const secure = authority === undefined ? [] : ["--cert", authority.certificatePath, "--key", authority.keyPath];
  const storage = ["posix", "--versioning-dir", folder("versions"), folder("data")];
  const endpoint = `${authority === undefined ? "http" : "https"}://${host}`;
  const agent = new Agent({ connect: authority === undefined ? {} : { ca: authority.authorityPem } });
  const program = await startVersitygw(
    ["--port", host, "--region", region, ...secure, ...options, ...storage],
    endpoint,
    agent,
    enter,
  );
  const send = async (url: string, body: Uint8Array | string): Promise<string | null> => {
    const { headers } = await sendSigned({ url, service: "s3", method: "PUT", body, dispatcher: agent });
    const version = headers["x-amz-version-id"];
    return typeof version === "string" ? version : null;
  };

  await send(`${endpoint}/models`, "");
  return {
    host,
    endpoint,
    authority,
    keys,
    put: (key, content) => send(`${endpoint}/models/${key.split("/").map(encodeURIComponent).join("/")}`, content),
    async bucket(query, body) {
      await send(`${endpoint}/models?${query}`, body);
    },
    async close() {
      await agent.close();
      await program.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Lets anybody read the bucket: what changes a request on its way cannot sign it. */
export async function allowAnybody(server: S3Server): Promise<void> {
  const resources = ["arn:aws:s3:::models", "arn:aws:s3:::models/*"];
  const actions = ["s3:GetObject", "s3:ListBucket"];
  const statement = { Effect: "Allow", Principal: "*", Action: actions, Resource: resources };
  await server.bucket("policy", JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
}

/** Starts the program and waits until `endpoint` answers. Its root account has {@link keys}. */
export async function startVersitygw(
  options: readonly string[],
  endpoint: string,
  dispatcher: Agent,
  enter: readonly string[] = [],
): Promise<{ close(): Promise<void> }> {
  const { versitygw } = await buildPrograms(["versitygw"]);
  const log: string[] = [];
  // Killed by the kernel when the test dies, however it dies.
  const tied = ["--pdeathsig", "KILL", ...enter, join(versitygw, "versitygw")];
  const program = spawn("setpriv", [...tied, "--health", "/health", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: "/usr/bin:/bin",
      ROOT_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID,
      ROOT_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY,
    },
  });
  for (const output of [program.stdout, program.stderr])
    output.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  try {
    await ready(`${endpoint}/health`, dispatcher, () => program.exitCode !== null);
  } catch (error) {
    program.kill("SIGKILL");
    throw new Error(`versitygw does not serve:\n${log.join("")}`, { cause: error });
  }
  return {
    async close() {
      program.kill("SIGTERM");
      if (program.exitCode === null && program.signalCode === null) await once(program, "exit");
    },
  };
}

export interface SignedRequest {
  readonly url: string;
  readonly service: "s3" | "iam";
  readonly method: "PUT" | "POST";
  readonly body: Uint8Array | string;
  readonly dispatcher: Agent;
}

/** A request of the root account. Throws for any answer but 200 and 204. */
export async function sendSigned({ url, service, method, body, dispatcher }: SignedRequest): Promise<{
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}> {
  const signer = new AwsClient({
    accessKeyId: keys.AWS_ACCESS_KEY_ID,
    secretAccessKey: keys.AWS_SECRET_ACCESS_KEY,
    service,
    region: service === "iam" ? "us-east-1" : region,
  });
  const content = Buffer.from(body);
  const form = method === "POST" ? { "content-type": "application/x-www-form-urlencoded" } : {};
  const signed = await signer.sign(url, { method, body: content, headers: form });
  const answer = await request(url, { method, dispatcher, headers: Object.fromEntries(signed.headers), body: content });
  const text = await answer.body.text();
  if (![200, 204].includes(answer.statusCode)) throw new Error(`${method} ${url}: ${answer.statusCode} ${text}`);
  return { headers: answer.headers, text };
}

async function ready(url: string, dispatcher: Agent, hasEnded: () => boolean): Promise<void> {
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
    if (hasEnded() || performance.now() > deadline) throw new Error("no answer in time");
    await sleep(50);
  }
}
