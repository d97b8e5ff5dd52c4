import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../cluster/command.ts";
import { type Report, step } from "../../../cluster/report.ts";

/** A Python environment of its own: the peers' requirements exclude each other. */
export interface PythonEnvironment {
  readonly name: "kserve" | "mlserver" | "bentoml" | "triton";
  /** As pip takes them; what they require themselves is pip's choice of the day. */
  readonly packages: readonly string[];
}

const onnxRuntime = "onnxruntime==1.32.0";

export const pythonEnvironments: readonly PythonEnvironment[] = [
  // Also ONNX Runtime alone, the maker of models, FastAPI and LitServe.
  {
    name: "kserve",
    packages: [
      "kserve==0.21.0",
      "fastapi==0.165.0",
      "uvicorn==0.54.0",
      "litserve==0.2.19",
      "onnx==1.23.2",
      "numpy==2.4.6",
      "grpcio==1.85.3",
      onnxRuntime,
    ],
  },
  { name: "mlserver", packages: ["mlserver==1.7.1", "numpy==2.4.6", onnxRuntime] },
  { name: "bentoml", packages: ["bentoml==1.4.40", "numpy==2.4.6", onnxRuntime] },
  { name: "triton", packages: ["nvidia-pytriton==0.7.0", onnxRuntime] },
];

export function environmentPython(folder: string, name: PythonEnvironment["name"]): string {
  return join(folder, "env", name, "bin", "python");
}

/**
 * Gives back why an environment is not there, by its name: whoever needs it is left out. One that holds the same packages
 * already is left as it is; one that was cut off is made anew.
 */
export async function installPythonEnvironments(
  folder: string,
  wanted: readonly PythonEnvironment["name"][],
  report: Report,
): Promise<ReadonlyMap<PythonEnvironment["name"], string>> {
  const failed = new Map<PythonEnvironment["name"], string>();
  for (const { name, packages } of pythonEnvironments) {
    if (!wanted.includes(name)) continue;
    try {
      await installEnvironment(folder, { name, packages }, report);
    } catch (error) {
      failed.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return failed;
}

async function installEnvironment(
  folder: string,
  { name, packages }: PythonEnvironment,
  report: Report,
): Promise<void> {
  const directory = join(folder, "env", name);
  // Written last: it says that the environment is whole, and of what it was made.
  const mark = join(directory, "packages.txt");
  const content = `${packages.join("\n")}\n`;
  if (existsSync(mark) && (await readFile(mark, "utf8")) === content) return;
  await step(report, `installing ${packages.join(" ")}`, async () => {
    await rm(directory, { recursive: true, force: true });
    await mkdir(join(folder, "env"), { recursive: true });
    await run(python, ["-m", "venv", directory]);
    const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", ...packages];
    await run("nice", ["-n", "19", environmentPython(folder, name), ...pip]);
  });
  await writeFile(mark, content);
}

/** Debian's own: pytriton needs the Python that its libraries were built for. */
const python = "/usr/bin/python3";
