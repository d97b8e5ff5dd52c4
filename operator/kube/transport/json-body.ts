/**
 * JSON as Go writes it, where that matters. The API server keeps raw fields (a ControllerRevision's data) by the bytes
 * of its own encoder, which escapes `<`, `>` and `&`: with ours unescaped, every later patch of the object would look
 * like an edit of its immutable data and be refused. And an apply body is read as YAML, which refuses or changes some
 * characters that JSON allows as they are; escaped, they pass.
 */
export function jsonBody(value: unknown): string {
  return JSON.stringify(value).replace(escaped, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** What Go's encoding/json escapes, and beside it DEL, the C1 controls, the byte order mark and the non-characters. */
const escaped = /[<>&\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
