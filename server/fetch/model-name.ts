/** A single file is the model, whatever it is called; only a name that says so is kept, without what says gzip. */
export function modelName(name: string): string {
  const bare = name.endsWith(".gz") ? name.slice(0, -".gz".length) : name;
  return bare.endsWith(".onnx") ? bare : "model.onnx";
}
