import type { EncodedAnswer } from "../request.ts";
import type { Pieces } from "./tensor-text.ts";

/** Characters from which on an answer is sent in parts. Most are far smaller, and go out in one piece with their head. */
const partCharacters = 256 * 1024;

/** An answer of JSON: `before`, `pieces`, `after`. */
export function textAnswer(before: string, pieces: Pieces, after: string): EncodedAnswer {
  let text = before;
  for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
    text += piece.value;
    if (text.length >= partCharacters) return { headers: {}, parts: inParts(text, pieces, after) };
  }
  return { headers: {}, parts: [text + after] };
}

function* inParts(begun: string, pieces: Pieces, after: string): Generator<string, void, undefined> {
  let text = begun;
  for (const piece of pieces) {
    if (text.length >= partCharacters) {
      yield text;
      text = "";
    }
    text += piece;
  }
  yield text + after;
}
