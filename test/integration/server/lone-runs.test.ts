import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { loopModel } from "../../fixtures/models/slow.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";

/** So many products after each other take some milliseconds. */
const products = 24;
const size = 256;
const rows = 32;

/** `y = x I I ... I`: what comes out is what went in, whoever computes it. */
function productsModel(): Uint8Array {
  const identity = Float32Array.from({ length: size * size }, (_, at) => Number(at % (size + 1) === 0));
  return onnxModel({
    nodes: Array.from({ length: products }, (_, index) => ({
      operator: "MatMul",
      inputs: [index === 0 ? "x" : `y${index}`, "w"],
      outputs: [index === products - 1 ? "y" : `y${index + 1}`],
    })),
    inputs: [{ name: "x", elementType: "float32", dims: ["n", size] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["n", size] }],
    initializers: [{ name: "w", elementType: "float32", dims: [size, size], raw: new Uint8Array(identity.buffer) }],
  });
}

const columns = Array.from({ length: size }, (_, column) => column);
const instances = Array.from({ length: rows }, (_, row) => columns.map((column) => row - column));

async function predict({ url }: RunningServer): Promise<void> {
  const { status, json } = await post(`${url}/predict`, { input_data: instances });
  assert.equal(status, 200);
  const { predictions } = json as { readonly predictions: readonly (readonly number[])[] };
  assert.ok(predictions.every((values, row) => values.every((value, column) => value === row - column)));
}

function decision(server: RunningServer): Readonly<Record<string, unknown>> | undefined {
  return server.log().find(({ msg }) => /runs that are alone/.test(msg));
}

async function tried(server: RunningServer): Promise<Readonly<Record<string, unknown>>> {
  await eventually("it has been tried", async () => {
    await predict(server);
    return decision(server) !== undefined;
  });
  const told = decision(server) ?? {};
  assert.equal(told["isSame"], true);
  return told;
}

/** Of all shards. */
async function threads({ process }: RunningServer): Promise<number> {
  const shards = (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8")).trim().split(" ");
  const each = await Promise.all(shards.map(async (shard) => (await readdir(`/proc/${shard}/task`)).length));
  return each.reduce((sum, next) => sum + next, 0);
}

async function bothLoaded({ metricsUrl }: RunningServer): Promise<void> {
  await eventually("both have loaded", async () =>
    /^slipway_workers\{.*\} 2$/m.test((await call(`${metricsUrl}/metrics`)).text),
  );
}

test("a run that is the only one of all shards is tried with all cores", async () => {
  const variables = { SLIPWAY_WORKERS: "2", SLIPWAY_LONE_INTRA_OP_THREADS: "3" };
  const server = await startServer({ files: { "model.onnx": productsModel() }, variables });
  await bothLoaded(server);
  await tried(server);
  await predict(server);
  await server.stop();
});

test("the threads of a session that did not pay are ended again", async () => {
  const variables = { SLIPWAY_WORKERS: "1", SLIPWAY_LONE_INTRA_OP_THREADS: "3" };
  const server = await startServer({ files: { "model.onnx": productsModel() }, variables });
  const before = await threads(server);
  const { threads: lone, pays } = await tried(server);
  assert.equal(lone, 3);
  // A session of three threads starts two beside the one that runs it.
  assert.equal(await threads(server), before + (pays === true ? 2 : 0));
  await server.stop();
});

test("one that runs on a thread of its shard is tried as well", async () => {
  const variables = { SLIPWAY_WORKERS: "1", SLIPWAY_LONE_INTRA_OP_THREADS: "2" };
  const server = await startServer({ files: { "model.onnx": loopModel() }, variables });
  await eventually("it has been tried", async () => {
    const inputs = [
      { name: "x", datatype: "FP32", shape: [1], data: [0] },
      { name: "n", datatype: "INT64", shape: [], data: [20_000] },
    ];
    const { status } = await post(`${server.url}/v2/models/m/infer`, { inputs });
    assert.equal(status, 200);
    return decision(server) !== undefined;
  });
  assert.equal(decision(server)?.["isSame"], true);
  await server.stop();
});

test("none is where the user says so", async () => {
  const variables = { SLIPWAY_WORKERS: "1", SLIPWAY_LONE_INTRA_OP_THREADS: "1" };
  const server = await startServer({ files: { "model.onnx": productsModel() }, variables });
  const before = await threads(server);
  // The trial of another server is over after sixteen.
  for (let request = 0; request < 32; request++) await predict(server);
  assert.equal(decision(server), undefined);
  assert.equal(await threads(server), before);
  await server.stop();
});
