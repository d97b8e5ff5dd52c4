import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { a, inferenceCodec as codec, n, signature } from "../../../test/fixtures/infer-request.ts";
import { lengthDelimited } from "../../../test/fixtures/proto-message.ts";
import { isProblem } from "../../errors.ts";
import { checkInferRequest } from "./infer-request.ts";
import { firstRawOffset, readInferRequest } from "./infer-request-message.ts";

describe("where the first raw tensor begins", () => {
  const message = codec.encode("ModelInferRequest", {
    model_name: "m",
    inputs: [{ name: "x", datatype: "FP32", shape: [75] }],
    raw_input_contents: [Buffer.alloc(300, 0x55)],
  });
  const place = message.indexOf(0x55);

  test("is known as soon as its length has come", () => {
    for (let length = 0; length < message.length; length++) {
      const expected = length >= place ? place : undefined;
      assert.equal(firstRawOffset(message.subarray(0, length)), expected, `of ${length} bytes`);
    }
  });

  test("is unknown without one, and when the message is broken", () => {
    assert.equal(firstRawOffset(codec.encode("ModelInferRequest", { model_name: "m" })), undefined);
    assert.equal(firstRawOffset(Buffer.alloc(40, 0xff)), undefined);
  });
});

describe("a message that is none", () => {
  const faultOf = (...parts: readonly Uint8Array[]): string => {
    const request = readInferRequest(Buffer.concat(parts));
    assert.ok(isProblem(request));
    assert.equal(request.code, "BadMessage");
    return request.message;
  };

  test("is refused with the place of its fault", () => {
    assert.match(
      faultOf(Buffer.from([0x0a, 5, 1])),
      /no inference.ModelInferRequest: field 1 claims 5 bytes at byte 2/,
    );
    assert.match(faultOf(lengthDelimited(5, Buffer.from([0x1a, 1, 0x80]))), /ends at byte 5 within a number/);
    assert.match(faultOf(lengthDelimited(5, Buffer.from([0x1b]))), /field 3 at byte 2 is a group/);
  });

  test("has a bounded number of parts", () => {
    const output = lengthDelimited(6, Buffer.alloc(0));
    assert.match(faultOf(...Array.from({ length: 4097 }, () => output)), /more than 4096/);
    assert.ok(!isProblem(readInferRequest(Buffer.concat(Array.from({ length: 4096 }, () => output)))));
  });

  test("has no more of them inside of its inputs and outputs", () => {
    for (const [part, field] of [
      [5, 4],
      [5, 5],
      [6, 2],
    ] as const) {
      const nested = (count: number): Buffer => Buffer.alloc(2 * count, Uint8Array.of(field * 8 + 2, 0));
      assert.match(faultOf(lengthDelimited(part, nested(4096))), /more than 4096/);
      assert.match(faultOf(lengthDelimited(part, nested(2048)), lengthDelimited(part, nested(2047))), /more than 4096/);
      assert.ok(!isProblem(readInferRequest(lengthDelimited(part, nested(4095)))));
    }
  });

  test("keeps no more sizes of a shape than could ever be right", () => {
    const sizes = codec.encode("InferInputTensor", { shape: Array.from({ length: 100_000 }, () => 1) });
    const request = readInferRequest(lengthDelimited(5, sizes));
    assert.ok(!isProblem(request));
    assert.ok((request.inputs[0]?.shape.length ?? 0) <= 1024);
  });

  test("never throws, whatever it is", () => {
    const valid = codec.encode("ModelInferRequest", {
      id: "i",
      parameters: [{ key: "k", value: { int64_param: 1n } }],
      inputs: [a, n],
      outputs: [{ name: "sum" }],
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
        fc.nat({ max: valid.length }),
        (changes, length) => {
          const bytes = Buffer.from(new Uint8Array(valid));
          for (const [place, value] of changes) bytes[place] = value;
          const request = readInferRequest(bytes.subarray(0, length));
          if (!isProblem(request)) checkInferRequest(request, signature);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
