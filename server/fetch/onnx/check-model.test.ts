import assert from "node:assert/strict";
import { test } from "node:test";
import { findModelFile } from "../model/model-file.ts";
import { requireExternalData, requireSupported } from "./check-model.ts";
import type { ModelSummary } from "./read-model.ts";
import { signatureOf } from "./signature.ts";

const model: ModelSummary = {
  producer: { name: "", version: "" },
  irVersion: 10,
  opsets: new Map([["ai.onnx", 17]]),
  operators: new Map([["ai.onnx", "Add"]]),
  functionDomains: new Set(),
  locales: new Set(),
  hasLoops: false,
  mixesRows: false,
  inputs: [],
  outputs: [],
  externalData: new Map(),
};

const supported: readonly Partial<ModelSummary>[] = [
  {},
  {
    opsets: new Map([
      ["ai.onnx", 26],
      ["ai.onnx.ml", 5],
      ["com.microsoft", 1],
    ]),
  },
  {
    operators: new Map([
      ["com.microsoft", "Gelu"],
      ["ai.onnx.ml", "Scaler"],
    ]),
  },
  // An opset that no operator uses, and operators that the model itself defines.
  {
    opsets: new Map([
      ["ai.onnx", 17],
      ["example.unused", 3],
    ]),
  },
  { operators: new Map([["example.own", "Step"]]), functionDomains: new Set(["example.own"]) },
];
for (const [index, change] of supported.entries()) {
  test(`supported ${index}`, () => assert.doesNotThrow(() => requireSupported({ ...model, ...change })));
}

const unsupported: readonly [Partial<ModelSummary>, RegExp][] = [
  [{ opsets: new Map([["ai.onnx", 27]]) }, /opset 27 of ai\.onnx; this server loads 1 to 26/],
  [
    {
      opsets: new Map([
        ["ai.onnx", 17],
        ["ai.onnx.ml", 6],
      ]),
    },
    /opset 6 of ai\.onnx\.ml; this server loads 1 to 5/,
  ],
  [{ opsets: new Map([["com.microsoft", 2]]) }, /opset 2 of com\.microsoft; this server loads 1 to 1/],
  [{ opsets: new Map([["ai.onnx", -1]]) }, /opset -1 of ai\.onnx/],
  [{ irVersion: 14 }, /IR version 14; the highest .* is 13/],
  [{ operators: new Map([["example.custom", "Fancy"]]) }, /operator "Fancy" of the domain "example\.custom"/],
  [{ operators: new Map([["constructor", "Fancy"]]) }, /"constructor"/],
];
for (const [change, message] of unsupported) {
  test(`unsupported: ${message.source}`, () => {
    assert.throws(() => requireSupported({ ...model, ...change }), { name: "UnsupportedOpset", message });
  });
}

const files = new Map([
  ["nets/model.onnx", { size: 1, sha256: "" }],
  ["nets/w.bin", { size: 100, sha256: "" }],
  ["shared.bin", { size: 100, sha256: "" }],
]);
const external: readonly [string, number, string | undefined, RegExp | undefined][] = [
  ["w.bin", 100, undefined, undefined],
  ["./w.bin", 0, undefined, undefined],
  ["../shared.bin", 100, "UnsafeArchive", /"\.\.\/shared\.bin"/],
  ["/etc/passwd", 1, "UnsafeArchive", /outside its own folder/],
  ["../../etc/passwd", 1, "UnsafeArchive", /outside its own folder/],
  ["a\\b", 1, "UnsafeArchive", /outside its own folder/],
  ["missing.bin", 1, "TruncatedModel", /"missing\.bin", which the artifact does not hold/],
  ["w.bin", 101, "TruncatedModel", /up to byte 101, but it has 100/],
  ["*/_ORT_MEM_ADDR_/*", 1, "TruncatedModel", /does not hold/],
];
for (const [location, end, name, message] of external) {
  test(`weights in ${location} up to ${end}: ${name ?? "fine"}`, () => {
    if (name === undefined || message === undefined) assert.doesNotThrow(() => checkExternal(location, end));
    else assert.throws(() => checkExternal(location, end), { name, message });
  });
}

test("model.onnx at the top wins, or the only one", () => {
  assert.equal(findModelFile(["b.onnx", "model.onnx", "x/model.onnx"]), "model.onnx");
  assert.equal(findModelFile(["x/y.onnx", "y.bin"]), "x/y.onnx");
  assert.equal(findModelFile(["._a.onnx", "a.onnx", "x/._a.onnx", "__MACOSX/a.onnx"]), "a.onnx");
  assert.throws(() => findModelFile(["._a.onnx"]), { name: "NotAModel", message: /no file that ends in \.onnx/ });
  assert.throws(() => findModelFile(["a.bin"]), { name: "NotAModel", message: /no file that ends in \.onnx/ });
  assert.throws(() => findModelFile(["x/model.onnx", "y/model.onnx"]), { name: "NotAModel", message: /2 files/ });
});

test("a signature depends on names, types and dims, not on order or weights", () => {
  const x = { name: "x", type: "FLOAT", dims: ["N", 3] } as const;
  const y = { name: "y", type: "INT64", dims: null } as const;
  const signature = signatureOf({ inputs: [x, y], outputs: [] });
  assert.match(signature, /^sha256:[0-9a-f]{64}$/);
  assert.equal(signatureOf({ inputs: [y, x], outputs: [] }), signature);
  for (const change of [
    { ...x, name: "z" },
    { ...x, type: "DOUBLE" },
    { ...x, dims: ["M", 3] },
    { ...x, dims: null },
  ]) {
    assert.notEqual(signatureOf({ inputs: [change, y], outputs: [] }), signature);
  }
  assert.notEqual(signatureOf({ inputs: [], outputs: [x, y] }), signature);
});

function checkExternal(location: string, end: number): void {
  requireExternalData({ ...model, externalData: new Map([[location, end]]) }, "nets/model.onnx", files);
}
