import type { Answer, Output } from "./output.ts";

/** Elements that are written at once. */
const atOnce = 16 * 1024;

/**
 * The answer as the Open Inference Protocol has it ("Inference Response JSON Object"), whichever protocol it came by, in
 * pieces: of a large one there is no string.
 */
export function* answerJson({ modelName, modelVersion, id, outputs }: Answer): Generator<string, void, undefined> {
  const head = { model_name: modelName, model_version: modelVersion, id };
  yield `${JSON.stringify(head).slice(0, -1)},"outputs":[`;
  for (const [index, output] of outputs.entries()) {
    const { name, datatype, shape } = output;
    yield `${index === 0 ? "" : ","}{"name":${JSON.stringify(name)},"datatype":${JSON.stringify(datatype)},"shape":[${shape.join(",")}],"data":[`;
    yield* elements(output);
    yield "]}";
  }
  yield "]}\n";
}

function* elements({ datatype, data }: Output): Generator<string, void, undefined> {
  for (let from = 0; from < data.length; from += atOnce) {
    const texts = data.slice(from, from + atOnce);
    yield `${from === 0 ? "" : ","}${(datatype === "BYTES" ? texts : texts.map(json)).join(",")}`;
  }
}

/** What is neither a number nor a truth value is written as a string, as the server does. */
function json(text: string): string {
  return /^(-?[0-9]|true$|false$|null$)/.test(text) ? text : JSON.stringify(text);
}
