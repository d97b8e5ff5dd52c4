import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type * as onnxruntime from "onnxruntime-node";
import { directionOf, directionRequest, directionTensor, type Picture, readPicture, upsideDown } from "./direction.ts";
import { directionModels } from "./models.ts";

const names = ["platform", "opening-hours", "invoice"];

describe("both versions see which way up the pictures are", async () => {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  for (const [version, bytes] of Object.entries(directionModels())) {
    const session = await InferenceSession.create(bytes);
    for (const name of names) {
      const upright = picture(name);
      for (const [label, shown] of Object.entries({ "0": upright, "180": upsideDown(upright) })) {
        test(`${version}, ${name}, ${label}`, async () => {
          const x = new Tensor("float32", directionTensor(shown), [1, 3, 48, 192]);
          const [output] = Object.values(await session.run({ x }));
          assert.ok(output?.data instanceof Float32Array);
          const direction = directionOf([...output.data]);
          assert.equal(direction.label, label);
          assert.ok(direction.probability > 0.95, `only ${direction.probability}`);
        });
      }
    }
  }
});

test("the versions differ in their bytes, and the second begins with the first", () => {
  const { v1, v2 } = directionModels();
  assert.ok(v2.byteLength > v1.byteLength);
  assert.deepEqual(v2.subarray(0, v1.byteLength), v1);
});

test("turning a picture twice gives it back", () => {
  const upright = picture("invoice");
  assert.notDeepEqual(upsideDown(upright), upright);
  assert.deepEqual(upsideDown(upsideDown(upright)).pixels, new Uint8Array(upright.pixels));
});

test("a tensor holds blue, green and red from -1 to 1, and zeros on the right", () => {
  // One red pixel: scaled to 48 x 48.
  const tensor = directionTensor({ width: 1, height: 1, pixels: Uint8Array.of(255, 0, 51, 255) });
  const at = (plane: number, row: number, column: number): number | undefined =>
    tensor[(plane * 48 + row) * 192 + column];
  for (const [row, column] of [
    [0, 0],
    [47, 47],
    [20, 3],
  ] as const) {
    assert.ok(Math.abs((at(0, row, column) ?? 0) - -0.6) < 1e-6);
    assert.deepEqual([at(1, row, column), at(2, row, column)], [-1, 1]);
  }
  assert.deepEqual([at(0, 0, 48), at(2, 47, 191)], [0, 0]);
});

test("a request names the input, its shape and every number", () => {
  const [input] = directionRequest(picture("platform")).inputs;
  assert.deepEqual([input.name, input.datatype, input.shape], ["x", "FP32", [1, 3, 48, 192]]);
  assert.equal(input.data.length, 3 * 48 * 192);
});

test("an answer of another model is refused", () => {
  assert.throws(() => directionOf([0.1, 0.2, 0.7]), /3 numbers instead of 2/);
});

function picture(name: string): Picture {
  return readPicture(readFileSync(join(import.meta.dirname, "pictures", `${name}.png`)));
}

async function loadOnnxRuntime(): Promise<typeof onnxruntime> {
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  return import("onnxruntime-node");
}
