import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { onnxModel } from "../../fixtures/onnx.ts";
import { memoryOf } from "./memory.ts";
import { post, startServer } from "./harness.ts";

const rows = 550_000;
const columns = 1024;
/** More than a protobuf message can hold, and than 31 bits count. */
const bytes = 4 * rows * columns;
const directory = mkdtempSync(join(tmpdir(), "slipway-large-"));
after(() => rmSync(directory, { recursive: true }));

/** `y` is a row of a table that lies beside the model, in a file of zeros without blocks but for its last number. */
async function writeModel(): Promise<void> {
  const external = { location: "table.bin", length: bytes };
  writeFileSync(
    join(directory, "model.onnx"),
    onnxModel({
      nodes: [{ operator: "Gather", inputs: ["table", "row"], outputs: ["y"] }],
      inputs: [{ name: "row", elementType: "int64", dims: [1] }],
      outputs: [{ name: "y", elementType: "float32", dims: [1, columns] }],
      initializers: [{ name: "table", elementType: "float32", dims: [rows, columns], external }],
    }),
  );
  const file = await open(join(directory, external.location), "w");
  await file.truncate(bytes);
  await file.write(new Uint8Array(Float32Array.of(42).buffer), 0, 4, bytes - 4);
  await file.close();
}

test("a model of more than 2 GB is served from where its weights lie", async () => {
  assert.ok(bytes > 2 ** 31);
  await writeModel();
  const server = await startServer({ files: {}, variables: { SLIPWAY_MODEL_DIRECTORY: directory } });
  const rowOf = async (row: number): Promise<readonly number[]> => {
    const inputs = [{ name: "row", datatype: "INT64", shape: [1], data: [row] }];
    const { status, json } = await post(`${server.url}/v2/models/m/infer`, { inputs });
    assert.equal(status, 200);
    return (json as { readonly outputs: readonly { readonly data: readonly number[] }[] }).outputs[0]?.data ?? [];
  };
  assert.equal((await rowOf(rows - 1)).at(-1), 42);
  assert.equal((await rowOf(0)).at(-1), 0);
  assert.ok((await memoryOf(server)) < bytes / 2, "the weights are mapped, and read as far as they are needed");
  await server.stop();
});

test("it is refused where the memory limit has no room for it", async () => {
  const variables = { SLIPWAY_MODEL_DIRECTORY: directory, SLIPWAY_MEMORY_LIMIT_BYTES: String(2 ** 30) };
  const server = await startServer({ files: {}, variables, untilReady: false });
  assert.equal((await server.exited).code, 1);
  const report = await server.report();
  assert.ok(report?.ok === false);
  assert.equal(report.reason, "OutOfMemory");
  assert.match(report.message, /2149 MiB.*limit of 1024 MiB is too small/);
});
