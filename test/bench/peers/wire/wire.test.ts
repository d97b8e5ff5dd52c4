import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model } from "../model.ts";
import { differenceOf, outputsOf } from "./answer.ts";
import { decodeInferResponse, encodeInferRequest, prefixBytes } from "./grpc-message.ts";
import { jsonLengthHeader, requestOf } from "./request.ts";

const model: Model = {
  name: "m",
  about: "",
  batches: false,
  inputs: [
    { name: "x", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, -0.5) },
    { name: "n", datatype: "INT64", shape: [], data: BigInt64Array.of(300n) },
  ],
};

test("JSON of the v2 protocol", () => {
  const { path, body } = requestOf(model, { kind: "v2-json" });
  assert.equal(path, "/v2/models/m/infer");
  assert.deepEqual(JSON.parse(Buffer.from(body).toString()), {
    inputs: [
      { name: "x", datatype: "FP32", shape: [1, 2], data: [1, -0.5] },
      { name: "n", datatype: "INT64", shape: [], data: [300] },
    ],
  });
});

test("binary tensors lie behind the JSON, in its order, little-endian", () => {
  const { headers, body } = requestOf(model, { kind: "v2-binary" });
  const length = Number(headers[jsonLengthHeader]);
  const { inputs } = JSON.parse(Buffer.from(body.subarray(0, length)).toString()) as {
    readonly inputs: readonly { readonly parameters: object }[];
  };
  assert.deepEqual(
    inputs.map(({ parameters }) => parameters),
    [{ binary_data_size: 8 }, { binary_data_size: 8 }],
  );
  assert.equal(Buffer.from(body.subarray(length)).toString("hex"), "0000803f000000bf2c01000000000000");
});

test("own JSON holds nested lists, a scalar alone, and stands within a key where the peer wants one", () => {
  const lists = { x: [[1, -0.5]], n: 300 };
  const content = (key?: string): unknown =>
    JSON.parse(Buffer.from(requestOf(model, { kind: "own-json", ...(key !== undefined && { key }) }).body).toString());
  assert.deepEqual(content(), lists);
  assert.deepEqual(content("inputs"), { inputs: lists });
});

test("a gRPC request, byte by byte as protobuf has it", () => {
  const expected = [
    "0a016d", // model_name = "m"
    "2a0d0a01781204465033321a020102", // inputs: name "x", datatype "FP32", shape [1, 2]
    "2a0c0a016e1205494e5436341a00", // inputs: name "n", datatype "INT64", shape []
    "3a080000803f000000bf", // raw_input_contents
    "3a082c01000000000000",
  ].join("");
  assert.equal(Buffer.from(encodeInferRequest("m", model.inputs)).toString("hex"), expected);
  const framed = requestOf(model, { kind: "v2-grpc" }).body;
  assert.equal(
    Buffer.from(framed.subarray(0, prefixBytes)).toString("hex"),
    `00000000${(expected.length / 2).toString(16)}`,
  );
});

const rawContents = "32080000803f000000bf";

test("a gRPC answer with raw contents, with contents, and with fields of other types among them", () => {
  // Four and eight bytes of a fixed length, raw_output_contents, model_name, an output y of FP32, a varint.
  const raw = `3dffffffff41ffffffffffffffff${rawContents}0a016d2a090a01791204465033321800`;
  assert.throws(() => decodeInferResponse(Buffer.from("2aff", "hex")), /ends in the middle/);
  assert.deepEqual([...decodeInferResponse(Buffer.from(raw, "hex"))], [["y", [1, -0.5]]]);
  const contents = "2a150a01791204465033322a0a32080000803f000000bf";
  assert.deepEqual([...decodeInferResponse(Buffer.from(contents, "hex"))], [["y", [1, -0.5]]]);
});

const jsonOutputs = '{"outputs":[{"name":"y","data":[1,-0.5]}]}';
const binaryJson =
  '{"outputs":[{"name":"y","parameters":{"binary_data_size":8}},{"name":"w","parameters":{"binary_data_size":4}},{"name":"z","data":[2]}]}';
const answers = [
  { dialect: { kind: "v2-json" }, body: Buffer.from(jsonOutputs), found: [["y", [1, -0.5]]] },
  {
    dialect: { kind: "v2-binary" },
    body: Buffer.concat([Buffer.from(binaryJson), Buffer.from("0000803f000000bf00000040", "hex")]),
    headers: { [jsonLengthHeader]: String(binaryJson.length) },
    found: [
      ["y", [1, -0.5]],
      ["w", [2]],
      ["z", [2]],
    ],
  },
  { dialect: { kind: "own-json" }, body: Buffer.from('{"y":[[1],[-0.5]]}'), found: [["y", [1, -0.5]]] },
  { dialect: { kind: "own-json" }, body: Buffer.from("[[1],[-0.5]]"), found: [["", [1, -0.5]]] },
] as const;

for (const { dialect, body, found, ...rest } of answers) {
  test(`an answer of ${dialect.kind}: ${body.toString("latin1")}`, () => {
    const headers = "headers" in rest ? rest.headers : {};
    assert.deepEqual([...outputsOf(dialect, { status: 200, headers, body })], found);
  });
}

test("an answer is right within the tolerance, whatever else it holds", () => {
  const expected = new Map([["y", [1, -0.5]]]);
  assert.equal(differenceOf(expected, new Map([["y", [1.0009, -0.5]]])), undefined);
  assert.equal(
    differenceOf(
      expected,
      new Map([
        ["y", [1, -0.5]],
        ["z", [9]],
      ]),
    ),
    undefined,
  );
  assert.equal(differenceOf(expected, new Map([["", [1, -0.5]]])), undefined);
  assert.match(
    differenceOf(expected, new Map([["y", [1, -0.6]]])) ?? "",
    /number 1 of output y is -0.6 instead of -0.5/,
  );
  assert.match(differenceOf(expected, new Map([["y", [1, Number.NaN]]])) ?? "", /is NaN/);
  assert.match(differenceOf(expected, new Map([["y", [1]]])) ?? "", /has 1 numbers instead of 2/);
  assert.match(differenceOf(expected, new Map([["z", [1, -0.5]]])) ?? "", /output y is missing/);
});

test("an array without a name is not taken for one of several outputs", () => {
  const expected = new Map([
    ["y", [1]],
    ["z", [1]],
  ]);
  assert.match(differenceOf(expected, new Map([["", [1]]])) ?? "", /output y is missing/);
});
