import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readJsonRequest } from "./json-request.ts";

function read(text: string): readonly [protocol: string, names: readonly string[] | undefined] {
  const { protocol, names } = readJsonRequest(text, "f");
  return [protocol, names];
}

describe("JSON to send", () => {
  test("goes to the protocol that it is written for, and names its inputs", () => {
    assert.deepEqual(read('{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}'), ["v2", ["x"]]);
    assert.deepEqual(read('{"instances":[1]}'), ["v1", undefined]);
    assert.deepEqual(read('{"instances":[{"a":1,"b":2}]}'), ["v1", ["a", "b"]]);
    assert.deepEqual(read('{"inputs":[1]}'), ["v1", undefined]);
    assert.deepEqual(read('{"inputs":{"a":[1]}}'), ["v1", ["a"]]);
    assert.deepEqual(read('{"input_data":{"a":[1]}}'), ["predict", ["a"]]);
  });
  test("that is values alone is wrapped, with every digit", () => {
    const wrapped = { protocol: "predict", text: '{"input_data":[9007199254740993]}', names: undefined, from: "f" };
    assert.deepEqual(readJsonRequest("[9007199254740993]", "f"), wrapped);
    const { text, names } = readJsonRequest('{"x":[1]}', "f");
    assert.deepEqual([text, names], ['{"input_data":{"x":[1]}}', ["x"]]);
  });
  test("that is none is told", () =>
    assert.throws(() => readJsonRequest("[1,", "f.json"), { message: /^f\.json is not JSON: / }));
});
