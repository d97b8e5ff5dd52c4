import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { packModel } from "../../../server/engine/pack-model.ts";
import { openSession } from "../../../server/engine/session/session.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { eventually, post, type RunningServer, startServer } from "./harness.ts";

const providers = ["cpu"] as const;
const telemetry = { ORT_DISABLE_TELEMETRY: "1" };
/** 36 MB of weights: more than two workers may have each for themselves. */
const width = 3000;
const directory = mkdtempSync(join(tmpdir(), "slipway-packing-"));
after(() => rmSync(directory, { recursive: true }));

/** `y = x W`, with `W[i][j] = (i + j) mod 7 - 3`. */
function productModel(size: number): Uint8Array {
  const weights = Float32Array.from(
    { length: size * size },
    (_, at) => ((Math.floor(at / size) + (at % size)) % 7) - 3,
  );
  const value = (name: string) => ({ name, elementType: "float32" as const, dims: ["n", size] });
  return onnxModel({
    nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [value("x")],
    outputs: [value("y")],
    initializers: [{ name: "w", elementType: "float32", dims: [size, size], raw: new Uint8Array(weights.buffer) }],
  });
}

async function answersRight(server: RunningServer): Promise<void> {
  const { status, json } = await post(`${server.url}/predict`, {
    input_data: [Array.from({ length: width }, () => 1)],
  });
  assert.equal(status, 200);
  const { predictions } = json as { readonly predictions: readonly (readonly number[])[] };
  const expected = (column: number): number =>
    Array.from({ length: width }, (_, row) => ((row + column) % 7) - 3).reduce((sum, next) => sum + next, 0);
  assert.ok(predictions[0]?.every((value, column) => value === expected(column)));
}

function told(server: RunningServer, message: RegExp): boolean {
  return server.log().some(({ msg }) => message.test(msg));
}

function isMapped(pid: string | number | undefined, path: string): boolean {
  return readFileSync(`/proc/${pid}/maps`, "utf8").includes(path);
}

function shardsOf({ process: { pid } }: RunningServer): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
}

describe("large weights of several workers", () => {
  const files = { "model.onnx": productModel(width) };
  const packedDirectory = join(directory, "kept");

  test("are packed once, mapped by all, and by the one that replaces another", async () => {
    const variables = { SLIPWAY_WORKERS: "2", SLIPWAY_PACKED_DIRECTORY: packedDirectory };
    const server = await startServer({ files, variables });
    assert.ok(told(server, /packed for all workers/));
    await eventually("both have it", () => shardsOf(server).every((pid) => isMapped(pid, packedDirectory)));
    const before = shardsOf(server);
    await answersRight(server);
    process.kill(Number(before[0]), "SIGKILL");
    await eventually("another has taken its place", () => {
      const now = shardsOf(server);
      return now.length === 2 && now.every((pid) => isMapped(pid, packedDirectory)) && !now.includes(before[0] ?? "");
    });
    await answersRight(server);
    assert.equal(readdirSync(packedDirectory).length, 1);
    await server.stop();
    assert.equal(readdirSync(packedDirectory).length, 1, "it is there for the next start");
  });

  for (const [what, variables] of [
    ["no folder can be written", { SLIPWAY_PACKED_DIRECTORY: "/dev/null" }],
    ["the pod may have too little on disk", { SLIPWAY_DISK_LIMIT_BYTES: String(3.9 * 4 * width * width) }],
  ] as const) {
    test(`and each has them for itself where ${what}`, async () => {
      const server = await startServer({ files, variables: { SLIPWAY_WORKERS: "2", ...variables } });
      assert.ok(told(server, /weights for itself/));
      await answersRight(server);
      await server.stop();
    });
  }
});

test("a temporary folder is gone when the server is", async () => {
  const temporary = mkdtempSync(join(directory, "tmp-"));
  const files = { "model.onnx": productModel(width) };
  const server = await startServer({ files, variables: { SLIPWAY_WORKERS: "2", TMPDIR: temporary } });
  assert.equal(readdirSync(temporary).filter((name) => name.startsWith("slipway-packing-")).length, 1);
  await server.stop();
  assert.deepEqual(readdirSync(temporary), []);
});

describe("a packed model", () => {
  const modelPath = join(directory, "product.onnx");
  writeFileSync(modelPath, productModel(601));

  test("answers with the same bits, by one thread or two, mapped or not", () => {
    const packedPath = join(directory, "packed", "model.onnx");
    for (const isFileStable of [false, true]) {
      assert.deepEqual(packModel({ modelPath, isFileStable, packedPath, intraOpThreads: 1, providers }, telemetry), {
        ok: true,
      });
      const data = Float32Array.from({ length: 1202 }, (_, index) => Math.sin(index));
      const input = { name: "x", datatype: "FP32" as const, shape: [2, 601], data };
      const outcomes = [undefined, packedPath].flatMap((path) =>
        [1, 2].map((intraOpThreads) => {
          const session = openSession(
            { modelPath, isFileStable, packedPath: path, intraOpThreads, providers },
            telemetry,
          );
          return session.ok ? session.run([input], ["y"]) : session;
        }),
      );
      for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
    }
  });

  test("is not used when nothing shows that it is the same", () => {
    const path = join(directory, "strange.onnx");
    const value = (name: string) => ({ name, elementType: "float32" as const, dims: [4, "n"] });
    // No inputs of any size that is tried go together: rows of 3 are wanted.
    writeFileSync(
      path,
      onnxModel({
        nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
        inputs: [value("x")],
        outputs: [value("y")],
        initializers: [
          { name: "w", elementType: "float32", dims: [3, 1], raw: new Uint8Array(Float32Array.of(1, 2, 3).buffer) },
        ],
      }),
    );
    const packedPath = join(directory, "never", "model.onnx");
    const packed = packModel({ modelPath: path, packedPath, intraOpThreads: 1, providers }, telemetry);
    assert.ok(!packed.ok && /no made-up requests/.test(packed.message));
    assert.deepEqual(readdirSync(directory).includes("never"), false);
  });
});
