import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { onnxModel } from "../../fixtures/onnx.ts";
import { eventually, post, type RunningServer, startServer } from "./harness.ts";

/** 36 MB of weights: more than two workers may have each for themselves. */
const width = 3000;
const directory = mkdtempSync(join(tmpdir(), "slipway-kept-"));
after(() => rmSync(directory, { recursive: true }));

/** `y = x W`, where all of `W` is one number, which lies in `weights.bin`. */
const value = (name: string) => ({ name, elementType: "float32" as const, dims: ["n", width] });
const external = { location: "weights.bin", length: 4 * width * width };
const graph = onnxModel({
  nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
  inputs: [value("x")],
  outputs: [value("y")],
  initializers: [{ name: "w", elementType: "float32", dims: [width, width], external }],
});

/** The folders of a pod: the model's, which outlives a container, and that for packed weights. */
function pod(weight: number, more: Readonly<Record<string, string>> = {}) {
  const root = mkdtempSync(join(directory, "pod-"));
  const [model, kept] = [join(root, "model"), join(root, "kept")];
  mkdirSync(model);
  mkdirSync(kept);
  writeFileSync(join(model, "model.onnx"), graph);
  const write = (number: number): void =>
    writeFileSync(join(model, "weights.bin"), new Float32Array(width * width).fill(number));
  write(weight);
  const variables = { SLIPWAY_WORKERS: "2", SLIPWAY_MODEL_DIRECTORY: model, SLIPWAY_PACKED_DIRECTORY: kept, ...more };
  return { kept, write, start: () => startServer({ files: {}, variables }) };
}

async function weightOf(server: RunningServer): Promise<unknown> {
  const { status, json } = await post(`${server.url}/predict`, {
    input_data: [[1, ...Array.from({ length: width - 1 }, () => 0)]],
  });
  assert.equal(status, 200);
  return (json as { readonly predictions: readonly (readonly unknown[])[] }).predictions[0]?.[width - 1];
}

function told(server: RunningServer, message: RegExp): boolean {
  return server.log().some(({ msg }) => message.test(msg));
}

function shardsOf({ process: { pid } }: RunningServer): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
}

describe("weights that are kept packed", () => {
  test("are packed anew when a file of the model is another one, and nothing else in their folder is touched", async () => {
    const { kept, write, start } = pod(1);
    mkdirSync(join(kept, "lost+found"));
    writeFileSync(join(kept, "notes.txt"), "");
    const first = await start();
    assert.equal(await weightOf(first), 1);
    await first.stop();
    write(2);
    const second = await start();
    assert.equal(await weightOf(second), 2);
    await second.stop();
    assert.equal(readdirSync(kept).filter((name) => name.startsWith("slipway-")).length, 1);
    assert.deepEqual(
      readdirSync(kept).filter((name) => !name.startsWith("slipway-")),
      ["lost+found", "notes.txt"],
    );
  });

  test("are given up when the disk has less of them than there was", async () => {
    const { kept, start } = pod(3);
    await (await start()).stop();
    const [folder = ""] = readdirSync(kept);
    truncateSync(join(kept, folder, "weights"), 4096);
    const server = await start();
    assert.ok(told(server, /packed weights are of no use/));
    assert.equal(await weightOf(server), 3);
    await eventually("they are gone", () => readdirSync(kept).length === 0);
    await server.stop();
  });

  test("may go away while they are used", async () => {
    const { kept, start } = pod(4);
    const server = await start();
    await eventually("two are there", () => shardsOf(server).length === 2);
    rmSync(kept, { recursive: true });
    const before = shardsOf(server);
    for (const pid of before) process.kill(Number(pid), "SIGKILL");
    await eventually("others are there", () => told(server, /packed weights are of no use/));
    await eventually("and serve", async () => (await fetch(`${server.url}/v2/health/ready`)).ok);
    assert.equal(await weightOf(server), 4);
    await server.stop();
  });

  test("are packed by two servers at once, and both have them", async () => {
    const { kept, start } = pod(5);
    const servers = await Promise.all([start(), start()]);
    for (const server of servers) {
      assert.ok(told(server, /packed for all workers/));
      assert.equal(await weightOf(server), 5);
      await server.stop();
    }
    assert.equal(readdirSync(kept).length, 1);
  });
});

test("what a server left that was killed goes with the next one", async () => {
  const temporary = mkdtempSync(join(directory, "tmp-"));
  const { start } = pod(6, { TMPDIR: temporary, SLIPWAY_PACKED_DIRECTORY: "" });
  const killed = await start();
  killed.process.kill("SIGKILL");
  await killed.exited;
  assert.equal(readdirSync(temporary).length, 1);
  const server = await start();
  assert.equal(readdirSync(temporary).length, 1);
  await server.stop();
  assert.deepEqual(readdirSync(temporary), []);
});
