/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem, type Problem } from "../../errors.ts";
import type { Datatype, Signature, Tensor } from "../../tensor.ts";
import { decodeV2, type V2Request } from "./decode-v2.ts";
import { encodeV2 } from "./encode-v2.ts";

const signature: Signature = {
  inputs: [
    { name: "a", datatype: "FP32", shape: [-1, 2] },
    { name: "b", datatype: "BOOL", shape: [3] },
    { name: "s", datatype: "BYTES", shape: [-1] },
  ],
  outputs: [
    { name: "y", datatype: "FP32", shape: [-1] },
    { name: "t", datatype: "BYTES", shape: [-1] },
  ],
};

const floats = Buffer.from(Float32Array.of(1.5, Number.NaN).buffer);

const flags = Buffer.of(1, 0, 1);

const strings = Buffer.concat([Buffer.of(3, 0, 0, 0), Buffer.from("ü!"), Buffer.of(0, 0, 0, 0)]);

const a = { name: "a", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } };

const b = { name: "b", datatype: "BOOL", shape: [3], parameters: { binary_data_size: 3 } };

const s = { name: "s", datatype: "BYTES", shape: [2], parameters: { binary_data_size: 11 } };

/** A request with `json` before `data`, and its header. `skew` moves all of it in memory. */
function decode(json: unknown, data: readonly Uint8Array[], skew = 0): V2Request | Problem {
  const text = Buffer.from(JSON.stringify(json));
  const body = Buffer.concat([Buffer.alloc(skew), text, ...data]).subarray(skew);
  return decodeV2(body, signature, text.length);
}

function accept(request: V2Request | Problem): V2Request {
  assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
  return request;
}

test("tensors follow the JSON in its order, beside others within it, wherever they lie in memory", () => {
  for (let skew = 0; skew < 8; skew++) {
    const request = accept(decode({ inputs: [s, a, b] }, [strings, floats, flags], skew));
    assert.deepEqual(request.inputs, [
      { name: "a", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1.5, Number.NaN) },
      { name: "b", datatype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) },
      { name: "s", datatype: "BYTES", shape: [2], data: ["ü!", ""] },
    ]);
    const mixed = accept(
      decode({ inputs: [a, { name: "b", datatype: "BOOL", shape: [3], data: [1, false, 1] }, s] }, [floats, strings]),
    );
    assert.deepEqual(mixed.inputs, request.inputs);
  }
});

test("numbers are views of the body where they lie as those of ONNX Runtime's own do", () => {
  const text = JSON.stringify({ inputs: [a, b, s] });
  const head = Buffer.from(text.padEnd(Math.ceil(text.length / 16) * 16));
  const body = new Uint8Array(Buffer.concat([head, floats, flags, strings]));
  const request = accept(decodeV2(body, signature, head.length));
  const [first, second] = request.inputs;
  assert.ok(first !== undefined && !Array.isArray(first.data) && second !== undefined && !Array.isArray(second.data));
  assert.ok(first.data.buffer === body.buffer && first.data.byteOffset === head.length);
  // It lies 8 bytes further on, where sums would be added up in another order.
  assert.ok(second.data.buffer !== body.buffer);
});

describe("a wrong binary request is refused, and the message says what is wrong", () => {
  const rest = [b, s];
  const restData = [flags, strings];
  const table: readonly (readonly [string, V2Request | Problem, string, RegExp])[] = [
    [
      "no header",
      decodeV2(Buffer.from(JSON.stringify({ inputs: [a] })), signature, undefined),
      "NoHeaderLength",
      /"a" has binary_data_size/,
    ],
    [
      "a size that the shape does not have",
      decode({ inputs: [{ ...a, shape: [2, 2] }] }, [floats]),
      "WrongByteCount",
      /8 bytes of data; its shape \[2,2\] of FP32 needs 16/,
    ],
    [
      "missing bytes",
      decode({ inputs: [a] }, [floats.subarray(1)]),
      "MissingBytes",
      /says 8 bytes of data; the body has 7 left/,
    ],
    [
      "bytes of no input",
      decode({ inputs: [a, ...rest] }, [floats, ...restData, Buffer.of(1, 2)]),
      "LeftoverBytes",
      /2 bytes behind/,
    ],
    ["bytes of no input at all", decode({ inputs: [] }, [floats]), "LeftoverBytes", /8 bytes behind/],
    [
      "data twice",
      decode({ inputs: [{ ...a, data: [1, 2] }] }, [floats]),
      "ConflictingFields",
      /data and binary_data_size of input "a"/,
    ],
    [
      "a negative size",
      decode({ inputs: [{ ...a, parameters: { binary_data_size: -8 } }] }, [floats]),
      "WrongField",
      /binary_data_size of input "a" is -8/,
    ],
    [
      "a fraction of a byte",
      decode({ inputs: [{ ...a, parameters: { binary_data_size: 7.5 } }] }, [floats]),
      "WrongField",
      /7.5/,
    ],
    [
      "a size that is no number",
      decode({ inputs: [{ ...a, parameters: { binary_data_size: "8" } }] }, [floats]),
      "WrongField",
      /"8"/,
    ],
    [
      "a size beyond 2^53",
      decode({ inputs: [{ ...a, parameters: { binary_data_size: 1e300 } }] }, [floats]),
      "WrongField",
      /1e\+300/,
    ],
    ["negative dimensions", decode({ inputs: [{ ...a, shape: [-1, 2] }] }, [floats]), "BadShape", /-1/],
    [
      "dimensions that overflow",
      decode({ inputs: [{ ...a, shape: [2 ** 31 - 1, 2] }] }, [floats]),
      "BadShape",
      /more than/,
    ],
    ["an input twice", decode({ inputs: [a, a] }, [floats, floats]), "DuplicateInput", /"a" is there twice/],
    [
      "a BOOL of 2",
      decode({ inputs: [a, b, s] }, [floats, Buffer.of(1, 2, 0), strings]),
      "WrongElement",
      /byte 1 of its data is 2/,
    ],
    [
      "a string that goes too far",
      decode({ inputs: [{ ...s, parameters: { binary_data_size: 5 } }] }, [Buffer.of(2, 0, 0, 0, 65)]),
      "WrongByteCount",
      /string 0 goes beyond/,
    ],
    [
      "a string of 4 GiB",
      decode({ inputs: [{ ...s, parameters: { binary_data_size: 5 } }] }, [Buffer.of(255, 255, 255, 255, 65)]),
      "WrongByteCount",
      /string 0 goes beyond/,
    ],
    [
      "half a length",
      decode({ inputs: [{ ...s, parameters: { binary_data_size: 3 } }] }, [Buffer.of(0, 0, 0)]),
      "WrongByteCount",
      /string 0 goes beyond/,
    ],
    [
      "too few strings",
      decode({ inputs: [{ ...s, shape: [3] }] }, [strings]),
      "WrongByteCount",
      /they are 2 strings; its shape \[3\] needs 3/,
    ],
    [
      "too many strings",
      decode({ inputs: [{ ...s, shape: [1] }] }, [strings]),
      "WrongByteCount",
      /4 are left behind 1 strings/,
    ],
    [
      "a string that is not UTF-8",
      decode({ inputs: [{ ...s, shape: [1], parameters: { binary_data_size: 5 } }] }, [Buffer.of(1, 0, 0, 0, 0xff)]),
      "WrongElement",
      /string 0 .*not UTF-8/,
    ],
    [
      "a string with U+0000",
      decode({ inputs: [{ ...s, shape: [1], parameters: { binary_data_size: 5 } }] }, [Buffer.of(1, 0, 0, 0, 0)]),
      "WrongElement",
      /string 0/,
    ],
    ["JSON that goes on", decodeV2(Buffer.from('{"inputs":[]}\0\0'), signature, 10), "NotJson", /ends after 10 bytes/],
  ];
  for (const [name, request, code, message] of table) {
    test(name, () => {
      assert.ok(isProblem(request));
      assert.equal(request.code, code, request.message);
      assert.equal(request.status, 400);
      assert.match(request.message, message);
    });
  }
});

describe("a body without JSON is the data of the only input", () => {
  const one = (datatype: Datatype, shape: readonly number[]): Signature => ({
    inputs: [{ name: "x", datatype, shape }],
    outputs: [],
  });
  const floatBody = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
  const raw = (body: Buffer, model: Signature): V2Request | Problem => decodeV2(body, model, 0);

  test("its free dimension is what the size makes it", () => {
    const { inputs, binary } = accept(raw(floatBody, one("FP32", [-1, 3])));
    assert.deepEqual(inputs, [{ name: "x", datatype: "FP32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]);
    assert.equal(binary.byDefault, true);
    assert.deepEqual(accept(raw(floatBody, one("FP32", [2, 3]))).inputs, inputs);
    assert.deepEqual(accept(raw(Buffer.alloc(0), one("FP32", [-1, 3]))).inputs[0]?.shape, [0, 3]);
    assert.deepEqual(accept(raw(Buffer.from('{"a"'), one("BYTES", [-1, 1]))).inputs[0]?.data, ['{"a"']);
  });

  const table: readonly (readonly [string, Buffer, Signature, string])[] = [
    ["a size that does not come out", floatBody, one("FP32", [-1, 4]), "WrongByteCount"],
    ["part of a number", floatBody.subarray(1), one("FP32", [-1]), "WrongByteCount"],
    ["another fixed size", floatBody, one("FP32", [7]), "WrongByteCount"],
    ["two free dimensions", floatBody, one("FP32", [-1, -1]), "NotRaw"],
    ["two inputs", floatBody, signature, "NotRaw"],
    ["nothing fits", floatBody, one("FP32", [-1, 0]), "WrongByteCount"],
    ["several strings", Buffer.from("a"), one("BYTES", [2]), "WrongShape"],
    ["no UTF-8", Buffer.of(0xff), one("BYTES", [1]), "WrongElement"],
  ];
  for (const [name, body, model, code] of table) {
    test(`${name} is refused`, () => {
      const request = raw(body, model);
      assert.ok(isProblem(request));
      assert.equal(request.code, code, request.message);
    });
  }
});

describe("answers", () => {
  const model = { name: "m", version: "v1" };
  const y: Tensor = { name: "y", datatype: "FP32", shape: [2], data: Float32Array.of(1.5, Number.NaN) };
  const t: Tensor = { name: "t", datatype: "BYTES", shape: [2], data: ["ü!", ""] };

  /** Asks for outputs, and splits the answer. */
  function answer(asked: object): {
    head: Record<string, unknown>;
    length: number;
    data: Buffer;
    type: string | undefined;
  } {
    const inputs = [
      { name: "a", datatype: "FP32", shape: [0, 2], data: [] },
      { name: "b", datatype: "BOOL", shape: [3], data: [0, 0, 0] },
      { name: "s", datatype: "BYTES", shape: [0], data: [] },
    ];
    const request = accept(decodeV2(Buffer.from(JSON.stringify({ id: "ü", inputs, ...asked })), signature, undefined));
    const { headers, parts } = encodeV2(model, request, [y, t]);
    const body = Buffer.concat([...parts].map((part) => Buffer.from(part as string)));
    const length = Number(headers["inference-header-content-length"] ?? body.length);
    const head = JSON.parse(body.toString("utf8", 0, length)) as Record<string, unknown>;
    return { head, length, data: body.subarray(length), type: headers["content-type"] };
  }
  const bytes = (size: number): object => ({ parameters: { binary_data_size: size } });
  const head = (first: object, second: object): object => ({
    model_name: "m",
    model_version: "v1",
    id: "ü",
    outputs: [
      { name: "y", datatype: "FP32", shape: [2], ...first },
      { name: "t", datatype: "BYTES", shape: [2], ...second },
    ],
  });
  const inJson = { y: { data: [1.5, "NaN"] }, t: { data: ["ü!", ""] } };

  test("are JSON when nothing else is asked for", () => {
    const { head: found, data, type } = answer({});
    assert.deepEqual(found, head(inJson.y, inJson.t));
    assert.equal(data.length, 0);
    assert.equal(type, undefined);
  });

  test("are binary when all are to be, the data at a multiple of 8 bytes", () => {
    const { head: found, data, length, type } = answer({ parameters: { binary_data_output: true } });
    assert.deepEqual(found, head(bytes(8), bytes(11)));
    assert.ok(data.equals(Buffer.concat([floats, strings])));
    assert.equal(length % 8, 0);
    assert.equal(type, "application/octet-stream");
  });

  test("are what each is said to be, whatever is said of all", () => {
    const outputs = [{ name: "y", parameters: { binary_data: false } }, { name: "t" }];
    const { head: found, data } = answer({ parameters: { binary_data_output: true }, outputs });
    assert.deepEqual(found, head(inJson.y, bytes(11)));
    assert.ok(data.equals(strings));
    const other = answer({
      outputs: [
        { name: "y", parameters: { binary_data: true } },
        { name: "t", parameters: { binary_data: null } },
      ],
    });
    assert.deepEqual(other.head, head(bytes(8), inJson.t));
    assert.ok(other.data.equals(floats));
  });
});
