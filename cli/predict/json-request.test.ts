import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jsonRequest } from "./json-request.ts";

function pathOf(body: string): string {
  return jsonRequest(body, "m n", "f").path;
}

describe("JSON to send", () => {
  test("goes to the protocol that it is written for", () => {
    assert.equal(
      pathOf('{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}'),
      "/v2/models/m%20n/infer",
    );
    assert.equal(pathOf('{"instances":[1]}'), "/v1/models/m%20n:predict");
    assert.equal(pathOf('{"inputs":[1]}'), "/v1/models/m%20n:predict");
    assert.equal(pathOf('{"input_data":[1]}'), "/predict");
  });
  test("that is values alone is wrapped, with every digit", () => {
    assert.deepEqual(jsonRequest("[9007199254740993]", "m", "f"), {
      path: "/predict",
      body: '{"input_data":[9007199254740993]}',
    });
    assert.equal(jsonRequest('{"x":[1]}', "m", "f").body, '{"input_data":{"x":[1]}}');
  });
  test("that is none is told", () =>
    assert.throws(() => jsonRequest("[1,", "m", "f.json"), { message: /^f\.json is not JSON: / }));
});
