import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { a, accept, inferenceCodec as codec, n, refuse, signature } from "../../../test/fixtures/infer-request.ts";
import type { ProtoObject } from "../../../test/fixtures/proto-message.ts";
import { isProblem } from "../../errors.ts";
import { checkInferRequest } from "./infer-request.ts";
import { readInferRequest } from "./infer-request-message.ts";

test("tensors arrive in the model's order, whatever theirs, with the outputs in the order asked for", () => {
  const request = accept({ inputs: [n, a], outputs: [{ name: "count" }, { name: "sum" }] });
  assert.deepEqual(request.outputs, ["count", "sum"]);
  assert.deepEqual(request.inputs, [
    { name: "a", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) },
    { name: "n", datatype: "INT64", shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) },
  ]);
});

test("no outputs asked for means all of them", () => {
  assert.equal(accept({ inputs: [a, n] }).outputs, undefined);
});

test("name, version and id are read", () => {
  const request = readInferRequest(codec.encode("ModelInferRequest", { model_name: "m", model_version: "2", id: "é" }));
  assert.ok(!isProblem(request));
  assert.deepEqual([request.modelName, request.modelVersion, request.id], ["m", "2", "é"]);
});

describe("the model's inputs and outputs", () => {
  const refusals: readonly (readonly [string, ProtoObject, RegExp])[] = [
    ["a missing input", { inputs: [a] }, /^MissingInput: input "n" is missing; the model takes "a", "n"/],
    ["an unknown input", { inputs: [a, n, { ...a, name: "b" }] }, /^UnknownInput: input "b"/],
    ["an input twice", { inputs: [a, n, a] }, /^DuplicateInput: input "a"/],
    ["another datatype", { inputs: [{ ...a, datatype: "FP64" }, n] }, /^WrongDatatype: .*"FP64".*takes FP32/],
    ["another shape", { inputs: [{ ...a, shape: [2] }, n] }, /^WrongShape: .*\[2\].*\[-1,2\]/],
    ["a negative size", { inputs: [{ ...a, shape: [-1, 2] }, n] }, /^BadShape: .*-1/],
    ["a huge size", { inputs: [{ ...a, shape: [2n ** 63n - 1n, 2] }, n] }, /^BadShape: .*9223372036854775807/],
    [
      "a size whose lower half is small",
      { inputs: [{ ...a, shape: [2n ** 32n + 1n, 2] }, n] },
      /^BadShape: .*4294967297/,
    ],
    ["too many elements", { inputs: [{ ...a, shape: [2 ** 31 - 1, 2] }, n] }, /^BadShape: .*more than/],
    ["too many sizes", { inputs: [{ ...a, shape: Array.from({ length: 33 }, () => 1) }, n] }, /^BadShape: .*32 dim/],
    ["an unknown output", { inputs: [a, n], outputs: [{ name: "x" }] }, /^UnknownOutput: output "x".*"sum", "count"/],
    ["an output twice", { inputs: [a, n], outputs: [{ name: "sum" }, { name: "sum" }] }, /^DuplicateOutput/],
    ["too few values", { inputs: [{ ...a, contents: { fp32_contents: [1] } }, n] }, /^WrongCount: .*1 values.*needs 2/],
    ["no values", { inputs: [{ ...a, contents: undefined }, n] }, /^WrongCount: .*0 values/],
  ];
  for (const [what, request, expected] of refusals) {
    test(`${what} is refused`, () => {
      assert.match(refuse(request), expected);
    });
  }
});

describe("parameters", () => {
  const parameter = (key: string, value: ProtoObject): ProtoObject => ({ parameters: [{ key, value }] });
  const request = (more: ProtoObject): ProtoObject => ({ inputs: [a, n], ...more });

  for (const [key, value] of [
    ["sequence_id", { int64_param: 7n }],
    ["sequence_id", { string_param: "s" }],
    ["sequence_id", { int64_param: 2n ** 60n }],
    ["sequence_start", { bool_param: true }],
    ["sequence_end", { bool_param: true }],
    ["priority", { uint64_param: 1n }],
    ["timeout", { int64_param: 1n }],
    ["temperature", { double_param: 0.5 }],
    ["__proto__", { bool_param: false }],
  ] as const) {
    test(`${key} of the request is refused by its name`, () => {
      assert.match(
        refuse(request(parameter(key, value))),
        new RegExp(`^UnsupportedParameter: parameter "${key}" of the`),
      );
    });
  }

  test("that are not used, or mean nothing here, are read past", () => {
    accept(request(parameter("sequence_id", { int64_param: 0n })));
    accept(request(parameter("sequence_start", { bool_param: false })));
    accept(request(parameter("priority", {})));
    accept(request(parameter("content_type", { string_param: "np" })));
    accept(request({ inputs: [{ ...a, ...parameter("content_type", { string_param: "np" }) }, n] }));
    // As KServe's client leaves them in.
    accept(request(parameter("binary_data_output", { bool_param: true })));
    accept(request({ inputs: [{ ...a, ...parameter("binary_data_size", { int64_param: 8n }) }, n] }));
    accept(request({ outputs: [{ name: "sum", ...parameter("binary_data", { bool_param: false }) }] }));
  });

  test("of inputs and outputs are refused by their names, too", () => {
    const shared = parameter("shared_memory_region", { string_param: "r" });
    assert.match(refuse(request({ inputs: [{ ...a, ...shared }, n] })), /"shared_memory_region" of input \\?"a/);
    assert.match(refuse(request({ outputs: [{ name: "sum", ...shared }] })), /"shared_memory_region" of output/);
    const classification = parameter("classification", { int64_param: 3n });
    assert.match(refuse(request({ outputs: [{ name: "sum", ...classification }] })), /"classification" of output/);
  });

  test("count by the last field of the oneof", () => {
    const entry = codec.encode("ModelInferRequest", {
      parameters: [{ key: "priority", value: { int64_param: 3n, uint64_param: 0n } }],
      inputs: [a, n],
    });
    const message = readInferRequest(entry);
    assert.ok(!isProblem(message) && !isProblem(checkInferRequest(message, signature)));
  });
});
