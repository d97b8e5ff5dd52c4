/**
 * What the dynamic linker says when it loads a library; undefined: it can. ONNX Runtime keeps these words to itself, it
 * says "Failed to load shared library" alone. Node's only way to the linker takes addons, so that it refuses every other
 * library too, but in words of its own and after it was loaded.
 *
 * @param library a path, or a name that the linker looks for.
 */
export function linkerComplaint(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.startsWith("Module did not self-register") ? undefined : message;
  }
}
