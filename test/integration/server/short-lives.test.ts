import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { frame, inference, inferPath, openSession, send } from "./grpc/client.ts";
import { eventually, type RunningServer, startServer } from "./harness.ts";
import { folderVariable } from "./survivors.ts";

const clients = 8;
/** Of each client, before the sample and in it. */
const requests = 1500;
/**
 * What is made once, as tables and compiled code are, is less for each request than this. What a request makes is some
 * kilobytes, and with anything that holds one of them most of it lives on.
 */
const mostBytes = 300;

const data = [1, 2, 3, 4];
const input = { name: "x", datatype: "FP32", shape: [1, 4] };
const typed = { ...input, contents: { fp32_contents: data } };
const message = frame(inference.encode("ModelInferRequest", { model_name: "m", inputs: [typed] }));
const head = JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: 16 } }] });
const binary = Buffer.concat([Buffer.from(head), new Uint8Array(Float32Array.from(data).buffer)]);
const json = (body: object): Uint8Array => Buffer.from(JSON.stringify(body));

/** Asks once, and waits for the answer. */
type Client = () => Promise<void>;

for (const [name, open] of [
  ["V2", each(({ port }) => http(port, "v2/models/m/infer", json({ inputs: [{ ...input, data }] })))],
  ["V2, binary", each(({ port }) => http(port, "v2/models/m/infer", binary, head.length))],
  ["V1", each(({ port }) => http(port, "v1/models/m:predict", json({ instances: [data] })))],
  ["gRPC, a connection for each client", each(({ port }) => grpc(openSession(port)))],
  ["gRPC, all on one connection", ({ port }) => Array<Client>(clients).fill(grpc(openSession(port)))],
] as const satisfies readonly (readonly [string, (server: RunningServer) => readonly Client[]])[]) {
  test(`nothing that a request makes outlives it: ${name}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "slipway-survivors-"));
    after(() => rm(folder, { recursive: true, force: true }));
    const preload = new URL("./survivors.ts", import.meta.url).href;
    const server = await startServer({
      files: { "model.onnx": identityModel() },
      variables: { SLIPWAY_WORKERS: "1", NODE_OPTIONS: `--import=${preload}`, [folderVariable]: folder },
    });
    const shard = await onlyChild(server);
    const all = open(server);
    const ask = async (client: Client): Promise<void> => {
      for (let count = 0; count < requests; count++) await client();
    };
    await Promise.all(all.map(ask));
    process.kill(shard, "SIGUSR2");
    await Promise.all(all.map(ask));
    process.kill(shard, "SIGUSR2");
    await eventually("the sample is written", async () => (await readdir(folder)).length > 0);
    const bytes = Number(await readFile(join(folder, String(shard)), "utf8")) / (clients * requests);
    assert.ok(bytes > 0 && bytes < mostBytes, `${Math.round(bytes)} bytes of each request lived on`);
    await server.stop();
  });
}

function each(open: (server: RunningServer) => Client): (server: RunningServer) => readonly Client[] {
  return (server) => Array.from({ length: clients }, () => open(server));
}

async function onlyChild({ process: { pid } }: RunningServer): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  assert.match(children, /^\d+ $/);
  return Number(children);
}

/** One connection that is kept. `jsonLength`: of a body in binary form. */
function http(port: number, path: string, body: Uint8Array, jsonLength?: number): Client {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  after(() => socket.destroy());
  const form = jsonLength === undefined ? "" : `inference-header-content-length: ${jsonLength}\r\n`;
  const start = `POST /${path} HTTP/1.1\r\nhost: a\r\n${form}content-length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(start), body]);
  return () =>
    new Promise((resolve, reject) => {
      socket.once("data", (answer: Buffer) => {
        // One write of the server, and so one read, as it is small.
        if (answer.toString("latin1").startsWith("HTTP/1.1 200 ")) resolve();
        else reject(new Error(answer.toString()));
      });
      socket.write(request);
    });
}

function grpc(session: ClientHttp2Session): Client {
  return async () => {
    const { status, message: text } = await send(session, inferPath, message);
    assert.equal(status, 0, text);
  };
}
