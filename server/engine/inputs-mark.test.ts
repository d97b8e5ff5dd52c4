import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { codecs, type Datatype, type Tensor } from "../tensor.ts";
import { digestOf, markOf } from "./inputs-mark.ts";
import type { RunInputs } from "./run.ts";

const datatypes = Object.keys(codecs) as readonly Datatype[];

function inputs(...tensors: readonly Partial<Tensor>[]): RunInputs {
  const tensor: Tensor = { name: "x", datatype: "FP32", shape: [2], data: Float32Array.of(1, 2) };
  return { inputs: tensors.map((parts) => ({ ...tensor, ...parts })), outputs: ["y"] };
}

function copy({ inputs: given, outputs }: RunInputs): RunInputs {
  return { inputs: given.map((tensor) => ({ ...tensor, data: tensor.data.slice() })), outputs: [...outputs] };
}

describe("a digest", () => {
  const one = inputs({});
  const others: readonly (readonly [string, RunInputs])[] = [
    ["an element", inputs({ data: Float32Array.of(1, 3) })],
    ["a sign that no comparison sees", inputs({ data: Float32Array.of(1, -0) })],
    ["zero", inputs({ data: Float32Array.of(1, 0) })],
    ["a name", inputs({ name: "z" })],
    ["a shape", inputs({ shape: [1, 2] })],
    ["a datatype", inputs({ datatype: "INT32", data: Int32Array.of(1, 2) })],
    ["another input", inputs({}, {})],
    ["an output", { ...one, outputs: [] }],
    ["strings", inputs({ datatype: "BYTES", data: ["a", "b"] })],
    ["strings that are the same one behind the other", inputs({ datatype: "BYTES", data: ["ab", ""] })],
  ];

  test("is the same for equal inputs alone", () => {
    const digests = new Set([one, ...others.map(([, other]) => other)].map(digestOf));
    assert.equal(digests.size, others.length + 1);
    for (const [name, other] of others) assert.equal(digestOf(copy(other)), digestOf(other), name);
    assert.match(digestOf(one), /^[0-9a-f]{64}$/);
  });

  test("sees every element of a large tensor, also where it is a part of a buffer", () => {
    const data = new Float32Array(100_000);
    const whole = digestOf(inputs({ shape: [100_000], data }));
    const part = new Float32Array(200_000).subarray(50_000, 150_000);
    assert.equal(digestOf(inputs({ shape: [100_000], data: part })), whole);
    data[77_777] = 1;
    assert.notEqual(digestOf(inputs({ shape: [100_000], data })), whole);
  });
});

describe("a mark", () => {
  test("is 32 bits, the same for equal inputs of every datatype, whatever else lies in their buffer", () => {
    for (const datatype of datatypes) {
      for (const count of [0, 1, 7, 64, 65, 5000]) {
        const data = codecs[datatype].allocate(count);
        const one = inputs({ datatype, data });
        const mark = markOf(one);
        assert.ok(Number.isInteger(mark) && mark >= 0 && mark < 2 ** 32, datatype);
        assert.equal(markOf(copy(one)), mark);
      }
    }
    const buffer = new Float32Array([9, 1, 2, 9]);
    assert.equal(markOf(inputs({ data: buffer.subarray(1, 3) })), markOf(inputs({})));
  });

  test("tells small inputs apart, by any of their elements", () => {
    const marks = new Set<number>();
    const table: RunInputs[] = [];
    for (let index = 0; index < 16; index++) {
      const data = new Float32Array(16);
      data[index] = 1.5;
      table.push(inputs({ data }));
      table.push(
        inputs({ datatype: "BYTES", data: Array.from({ length: 16 }, (_, at) => (at === index ? "a" : "b")) }),
      );
    }
    table.push(inputs({ data: new Float32Array(16) }), inputs({ data: new Float32Array(15) }), inputs({}, {}));
    for (const each of table) marks.add(markOf(each));
    assert.equal(marks.size, table.length);
  });

  test("tells pictures apart that differ throughout", () => {
    const picture = (seed: number): RunInputs =>
      inputs({ data: Float32Array.from({ length: 150_528 }, (_, index) => Math.fround(Math.sin(seed + index))) });
    assert.equal(new Set([1, 2, 3, 4].map((seed) => markOf(picture(seed)))).size, 4);
  });
});
