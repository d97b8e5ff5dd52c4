import { isUtf8 } from "node:buffer";

/**
 * A header field as its server meant it: undici gives each byte as one character, and servers that do not escape a path
 * write it in UTF-8. What is none stays as it is, in Latin-1.
 */
export function fieldText(field: string): string {
  const bytes = Buffer.from(field, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : field;
}
