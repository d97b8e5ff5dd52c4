import { join } from "node:path";
import { run } from "../../cluster/command.ts";

/** What one run of a model takes with onnxruntime-node alone. */
export interface FloorReading {
  readonly runs: number;
  /** Of the whole process: its JavaScript and ONNX Runtime. */
  readonly cpuMsPerRun: number;
  readonly wallMsPerRun: number;
}

export interface FloorFiles {
  readonly modelFile: string;
  readonly bodyFile: string;
}

const measuredSeconds = 4;

/** Runs in a process of its own, with the session's options of the server's worker. */
export async function measureFloor({ modelFile, bodyFile }: FloorFiles): Promise<FloorReading> {
  const script = join(import.meta.dirname, "floor-process.ts");
  const parameters = [script, `--model=${modelFile}`, `--body=${bodyFile}`, `--seconds=${measuredSeconds}`];
  const environment = { ORT_DISABLE_TELEMETRY: "1", NODE_ENV: "production" };
  const { stdout } = await run(process.execPath, parameters, { environment });
  return JSON.parse(stdout) as FloorReading;
}
