import type { EncodedAnswer } from "../request.ts";
import type { Pieces } from "./tensor-text.ts";

/** From which size on an answer is made as it is taken. Most are far smaller, and go out in one text with their head. */
const partSize = 256 * 1024;

/** An answer of JSON: `before`, `pieces`, `after`. */
export function textAnswer(before: string, pieces: Pieces, after: string): EncodedAnswer {
  const parts: (string | Uint8Array)[] = [];
  let text = before;
  let size = before.length;
  for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
    const { value } = piece;
    size += value.length;
    if (typeof value === "string") {
      text += value;
    } else {
      parts.push(text, value);
      text = "";
    }
    if (size >= partSize) return { headers: {}, parts: inParts([...parts, text], pieces, after) };
  }
  parts.push(text + after);
  return { headers: {}, parts };
}

function* inParts(begun: readonly (string | Uint8Array)[], pieces: Pieces, after: string): Pieces {
  yield* begun;
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string" && text.length < partSize) {
      text += piece;
    } else {
      yield text;
      if (typeof piece !== "string") yield piece;
      text = typeof piece === "string" ? piece : "";
    }
  }
  yield text + after;
}
