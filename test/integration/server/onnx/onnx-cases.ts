import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A model of one operator or a few, with inputs and the outputs that the ONNX project expects of them. */
export interface OnnxCase {
  /** Group and name, as `node/test_abs`. */
  readonly name: string;
  readonly modelPath: string;
  /** `input_N.pb` in their order. */
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** Of Debian's package libonnx-testdata. */
const directory = "/usr/share/libonnx-testdata/data";

export async function listCases(): Promise<OnnxCase[]> {
  if (!existsSync(directory)) {
    throw new Error("the ONNX project's cases are missing: apt-get install libonnx-testdata");
  }
  const models = (await Array.fromAsync(glob("*/*/model.onnx", { cwd: directory }))).toSorted();
  return Promise.all(
    models.map(async (model) => {
      const folder = join(directory, dirname(model));
      return {
        name: dirname(model),
        modelPath: join(folder, "model.onnx"),
        inputs: await filesOf(folder, "input"),
        outputs: await filesOf(folder, "output"),
      };
    }),
  );
}

async function filesOf(folder: string, kind: "input" | "output"): Promise<Uint8Array[]> {
  const files: Uint8Array[] = [];
  for (;;) {
    const file = join(folder, "test_data_set_0", `${kind}_${files.length}.pb`);
    if (!existsSync(file)) return files;
    files.push(await readFile(file));
  }
}
