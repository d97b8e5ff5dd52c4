import assert from "node:assert/strict";
import { test } from "node:test";
import { benchTargets, type TargetRequest } from "./targets.ts";

test("each request holds as many numbers as its shape says, and the large one is 600 KB of text and of floats", async () => {
  const targets = await benchTargets();
  for (const { name, body } of Object.values(targets)) {
    const { shape, data } = (JSON.parse(body) as TargetRequest).inputs[0];
    assert.equal(
      data.length,
      shape.reduce((product, size) => product * size, 1),
      name,
    );
  }
  const { body } = targets.large;
  const bytes = (JSON.parse(body) as TargetRequest).inputs[0].data.length * Float32Array.BYTES_PER_ELEMENT;
  assert.equal(Math.round(bytes / 1000), 602);
  assert.equal(Math.round(body.length / 1000), 602);
});
