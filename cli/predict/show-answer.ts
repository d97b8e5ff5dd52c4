import type { Edge } from "../edge.ts";
import { showBytes } from "../text/amounts.ts";
import { hasColour, styleOf } from "../text/style.ts";
import { answerJson } from "./answer/answer-json.ts";
import { outputsText, type ShowOptions } from "./answer/outputs-text.ts";
import type { Answered } from "./answered.ts";
import type { Protocol } from "./protocol.ts";

/** The same form whichever protocol was spoken: that of the Open Inference Protocol. */
export function showJson({ answer, text }: Answered, protocol: Protocol, { output }: Edge): void {
  // With blanks and digits as they were sent.
  if (answer === undefined || (protocol === "v2" && text !== undefined)) output.write(endedLine(text ?? ""));
  else for (const piece of answerJson(answer)) output.write(piece);
}

/** A table for each output, and on standard error what it took. An answer without tensors is shown as it came. */
export function showText(answered: Answered, protocol: Protocol, options: ShowOptions, edge: Edge): void {
  const { answer, text } = answered;
  const style = styleOf(hasColour(edge.output, edge.variables));
  edge.output.write(answer === undefined ? endedLine(text ?? "") : outputsText(answer.outputs, options, style));
  tellTime(answered, protocol, edge);
}

function endedLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function tellTime(answered: Answered, protocol: Protocol, { messages, variables }: Edge): void {
  const { milliseconds, sentBytes, receivedBytes } = answered;
  const time = milliseconds < 100 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
  const words = `${protocol}: ${time} ms, ${showBytes(sentBytes)} sent, ${showBytes(receivedBytes)} received`;
  messages.write(`${styleOf(hasColour(messages, variables)).faint(words)}\n`);
}
