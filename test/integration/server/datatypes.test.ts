import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { type Dims, type ElementType, onnxModel } from "../../fixtures/onnx.ts";
import { call, post, type RunningServer, startServer } from "./harness.ts";

/** Every type that the Open Inference Protocol names, and two values as JSON, the ends of its range among them. */
const table: readonly (readonly [type: ElementType, datatype: string, first: string, second: string])[] = [
  ["bool", "BOOL", "true", "false"],
  ["uint8", "UINT8", "0", "255"],
  ["uint16", "UINT16", "0", "65535"],
  ["uint32", "UINT32", "0", "4294967295"],
  ["uint64", "UINT64", "9007199254740993", "18446744073709551615"],
  ["int8", "INT8", "-128", "127"],
  ["int16", "INT16", "-32768", "32767"],
  ["int32", "INT32", "-2147483648", "2147483647"],
  ["int64", "INT64", "-9223372036854775808", "9223372036854775807"],
  ["float16", "FP16", "0.5", "-65504"],
  ["float32", "FP32", "0.5", "3.4028235e+38"],
  ["float64", "FP64", "0.1", "1.7976931348623157e+308"],
  ["string", "BYTES", '""', '"grüße 😀 \\"q\\""'],
];

/** JSON of one tensor's elements. */
type Content = (first: string, second: string) => string;

/** A server of a model that has an input and an output of every type, the one as the other. */
describeServer("values of every datatype", ["n"], (server) => {
  const both: Content = (first, second) => `[${first},${second}]`;
  test("come back as they were by V2", () => sameByV2(server(), [2], both));
  test("come back as they were by /predict", () => sameByColumns(server(), both));
  test("come back as they were by V1", async () => {
    const instances = [rowOf("in", 2), rowOf("in", 3)].join(",");
    const { text } = await call(`${server().url}/v1/models/m:predict`, { body: `{"instances":[${instances}]}` });
    assert.equal(text, `{"predictions":[${[rowOf("out", 2), rowOf("out", 3)].join(",")}]}`);
  });
  test("are no values, and are empty tensors all the same", async () => {
    await sameByV2(server(), [0], () => "[]");
    await sameByColumns(server(), () => "[]");
  });
});

describeServer("scalars of every datatype", [], (server) => {
  for (const which of [0, 1] as const) {
    const one: Content = (...values) => values[which];
    test(`come back as they were by V2 (${which})`, () => sameByV2(server(), [], (...both) => `[${one(...both)}]`));
    test(`come back as they were by /predict (${which})`, () => sameByColumns(server(), one));
  }
});

describeServer("empty tensors of every datatype", ["rows", "columns"], (server) => {
  for (const shape of [
    [0, 3],
    [3, 0],
    [0, 0],
  ]) {
    test(`of shape [${shape.join()}] come back as they were by V2`, () => sameByV2(server(), shape, () => "[]"));
  }
  test("of rows without columns come back as they were by /predict", () => sameByColumns(server(), () => "[[],[],[]]"));
});

test("a row of V1 may be a scalar", async () => {
  const server = await startServer({ files: { "model.onnx": identityModel({ dims: [] }) } });
  const rows = await post(`${server.url}/v1/models/m:predict`, { instances: [1, 2] });
  assert.equal(rows.text, '{"predictions":[1,2]}');
  await server.stop();
});

function describeServer(what: string, dims: Dims, tests: (server: () => RunningServer) => void): void {
  describe(what, () => {
    let server: RunningServer | undefined;
    before(async () => {
      const value =
        (prefix: string) =>
        ([elementType]: (typeof table)[number]) =>
          ({ name: `${prefix}_${elementType}`, elementType, dims }) as const;
      const model = onnxModel({
        nodes: table.map(([type]) => ({ operator: "Identity", inputs: [`in_${type}`], outputs: [`out_${type}`] })),
        inputs: table.map(value("in")),
        outputs: table.map(value("out")),
      });
      server = await startServer({ files: { "model.onnx": model } });
    });
    after(() => server?.stop());
    tests(() => {
      assert.ok(server, "the server did not start");
      return server;
    });
  });
}

async function sameByV2({ url }: RunningServer, shape: readonly number[], content: Content): Promise<void> {
  const tensors = (prefix: string): string =>
    table
      .map(([type, datatype, first, second]) => {
        const head = `{"name":"${prefix}_${type}","datatype":"${datatype}","shape":[${shape.join(",")}]`;
        return `${head},"data":${content(first, second)}}`;
      })
      .join(",");
  const { text } = await call(`${url}/v2/models/m/infer`, { body: `{"inputs":[${tensors("in")}]}` });
  assert.equal(text, `{"model_name":"m","model_version":"v1","outputs":[${tensors("out")}]}`);
}

async function sameByColumns({ url }: RunningServer, content: Content): Promise<void> {
  const columns = (prefix: string): string =>
    table.map(([type, , first, second]) => `"${prefix}_${type}":${content(first, second)}`).join(",");
  const { text } = await call(`${url}/predict`, { body: `{"input_data":{${columns("in")}}}` });
  assert.equal(text, `{"model_name":"m","model_version":"v1","predictions":{${columns("out")}}}`);
}

/** An instance of V1: the first or the second value of every type, each under its name. */
function rowOf(prefix: string, at: 2 | 3): string {
  return `{${table.map((row) => `"${prefix}_${row[0]}":${row[at]}`).join(",")}}`;
}
