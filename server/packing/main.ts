import { packModel } from "../engine/pack-model.ts";
import type { FromPacker, ToPacker } from "./messages.ts";

/** The process that packs a model: one that ends, as what ONNX Runtime took for it is given back by that alone. */
export function packHere(): void {
  process.on("SIGINT", ignore);
  process.on("SIGTERM", ignore);
  process.on("disconnect", () => process.exit(1));
  process.once("message", (options: ToPacker) => {
    process.send?.(pack(options), undefined, undefined, () => process.exit(0));
  });
}

function pack(options: ToPacker): FromPacker {
  try {
    return packModel(options, process.env);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return { ok: false, message: `what was packed cannot be written (${code})` };
  }
}

function ignore(): void {
  // The supervisor decides, and when it ends, so does this process.
}
