/** What the server relies on in ONNX Runtime's binding, and what its documentation does not say. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openSession } from "../../../server/engine/session/session.ts";
import { type Graph, onnxModel, type Value } from "../../fixtures/onnx.ts";

const count = 100_000;

function value(name: string): Value {
  return { name, elementType: "float32", dims: ["n"] };
}

/** Graphs for which an output could be what its input is, without a copy. */
const graphs: readonly (readonly [string, Pick<Graph, "nodes" | "outputs">])[] = [
  ["is handed on", { nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }], outputs: [value("y")] }],
  [
    "is an output as well",
    { nodes: [{ operator: "Relu", inputs: ["x"], outputs: ["z"] }], outputs: [value("x"), value("z")] },
  ],
  [
    "is given another shape",
    {
      nodes: [{ operator: "Flatten", inputs: ["x"], outputs: ["y"], attributes: { axis: 0 } }],
      outputs: [{ ...value("y"), dims: [1, "n"] }],
    },
  ],
];

describe("an output shares no memory with its input, which may be freed after the run", () => {
  for (const [what, { nodes, outputs }] of graphs) {
    test(`that ${what}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "slipway-binding-"));
      const modelPath = join(folder, "model.onnx");
      await writeFile(modelPath, onnxModel({ nodes, inputs: [value("x")], outputs }));
      const settings = { modelPath, intraOpThreads: 1, providers: ["cpu"] } as const;
      const session = openSession(settings, { ORT_DISABLE_TELEMETRY: "1" });
      await rm(folder, { recursive: true });
      assert.ok(session.ok);
      const data = new Float32Array(count).fill(7);
      const [name = ""] = outputs.map((output) => output.name);
      const outcome = session.run([{ name: "x", datatype: "FP32", shape: [count], data }], [name]);
      assert.ok(outcome.kind === "done");
      const [output = assert.fail()] = outcome.outputs;
      data.fill(9);
      data.buffer.transfer(0);
      assert.equal(output.data.length, count);
      assert.ok((output.data as Float32Array).every((number) => number === 7));
    });
  }
});
