import type { ByteSource } from "./protobuf.ts";

/** First bytes of what people push by mistake, at an offset, with what to say about them. */
const looks: readonly (readonly [offset: number, bytes: string, look: string])[] = [
  [0, "PK\x03\x04", "a ZIP archive, as PyTorch and Keras write"],
  [0, "\x89HDF\r\n", "an HDF5 file, as Keras writes"],
  [0, "\x80\x02", "a Python pickle"],
  [0, "\x80\x03", "a Python pickle"],
  [0, "\x80\x04", "a Python pickle"],
  [0, "\x80\x05", "a Python pickle"],
  [0, "GGUF", "a GGUF file"],
  [4, "TFL3", "a TensorFlow Lite model"],
  [4, "ORTM", "a model in ORT format"],
  [8, '{"', "a safetensors file"],
  [0, "\x1f\x8b", "a gzip file"],
  [0, "\x28\xb5\x2f\xfd", "a zstd file"],
  [0, "\xff\xd8\xff", "a JPEG picture"],
  [0, "\x89PNG", "a PNG picture"],
  [0, "%PDF", "a PDF document"],
  [0, "version https://git-lfs", "a Git LFS pointer instead of the file it stands for"],
];

const startBytes = 512;

/** `; it looks like …` for a message, or nothing when the bytes look like nothing known. */
export function lookOf(source: ByteSource): string {
  const start = Buffer.from(source.read(0, Math.min(startBytes, source.size))).toString("latin1");
  const found = looks.find(([offset, bytes]) => start.startsWith(bytes, offset));
  if (found !== undefined) return `; it looks like ${found[2]}`;
  if (isWebPage(start)) return "; it looks like a web page, perhaps of a login";
  if (/^[\t\r\n\x20-\x7e]+$/.test(start)) return "; it looks like text";
  return "";
}

/** Whether these first characters are what a browser would show: HTML, or XML as storage sends its errors. */
export function isWebPage(start: string): boolean {
  return /^(?:\u00ef\u00bb\u00bf)?\s*<(?:!doctype|html|\?xml|head|!--)/i.test(start);
}
