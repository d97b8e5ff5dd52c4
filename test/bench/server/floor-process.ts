/**
 * Runs a model with bare onnxruntime-node, one tensor again and again, and prints what a run took: no HTTP, no JSON, no
 * thread but ONNX Runtime's. Prints one line, a FloorReading.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { sessionOptions } from "../../../server/engine/session/session.ts";
import type { FloorReading } from "./floor.ts";
import type { TargetRequest } from "./targets.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "" },
    body: { type: "string", default: "" },
    seconds: { type: "string", default: "3" },
  },
});
const { inputs } = JSON.parse(await readFile(values.body, "utf8")) as TargetRequest;
const [{ name, shape, data }] = inputs;
const session = await InferenceSession.create(values.model, sessionOptions(1, "cpu"));
const feeds = { [name]: new Tensor("float32", Float32Array.from(data), shape) };
const lengthMs = Number(values.seconds) * 1000;

// The first second pays for cold code and for ONNX Runtime's memory.
await runFor(1000);
const begun = performance.now();
const before = process.cpuUsage();
const runs = await runFor(lengthMs);
const { user, system } = process.cpuUsage(before);
const reading: FloorReading = {
  runs,
  cpuMsPerRun: (user + system) / 1000 / runs,
  wallMsPerRun: (performance.now() - begun) / runs,
};
process.stdout.write(`${JSON.stringify(reading)}\n`);

async function runFor(milliseconds: number): Promise<number> {
  let count = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end; count += 1) await session.run(feeds);
  return count;
}
