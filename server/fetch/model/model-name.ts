/** A single file is the model, whatever it is called; only a name that says so is kept, without what says how it is compressed. */
export function modelName(name: string): string {
  const bare = name.replace(/\.(?:gz|zst)$/, "");
  return bare.endsWith(".onnx") ? bare : "model.onnx";
}
