import { labelsOf, readOutputs, shortened } from "../answer.ts";
import { copyButton } from "./copy-button.ts";
import { element } from "./element.ts";
import { outputView } from "./output-view.ts";

export interface Result {
  readonly status: number;
  readonly request: string;
  readonly answer: string;
}

export interface ResultView {
  readonly node: HTMLElement;
  readonly show: (result: Result) => void;
  /** What kept a request from being sent or answered. */
  readonly complain: (message: string) => void;
}

const shownCharacters = 4000;

/** Outputs, or the server's message, and both bodies as JSON. */
export function resultView(): ResultView {
  let last: Result | undefined;
  const outputs = element("div", { "aria-live": "polite" });
  const labels = element("textarea", {
    rows: 4,
    spellcheck: "false",
    placeholder: "One on a line, or a JSON array of strings",
  });
  const names = element("details", {}, element("summary", {}, "Names of the elements"), labels);
  labels.setAttribute("aria-label", "Names of the elements");
  const bodies = element("div");
  labels.addEventListener("input", () => show());

  const show = (): void => {
    if (last === undefined) return;
    if (last.status !== 200) {
      outputs.replaceChildren(complaint(messageOf(last)));
      return;
    }
    const named = labelsOf(labels.value);
    outputs.replaceChildren(...readOutputs(last.answer).map((output) => outputView(output, named)));
  };

  return {
    node: element("div", {}, outputs, names, bodies),
    show(result) {
      last = result;
      show();
      bodies.replaceChildren(body("Request", result.request), body("Answer", result.answer));
    },
    complain(message) {
      last = undefined;
      outputs.replaceChildren(complaint(message));
      bodies.replaceChildren();
    },
  };
}

function complaint(message: string): HTMLElement {
  return element("p", { role: "alert", class: "complaint" }, message);
}

/** A proxy in between may answer with anything. */
function messageOf({ status, answer }: Result): string {
  try {
    const { error } = JSON.parse(answer) as { readonly error?: unknown };
    if (typeof error === "string") return `${status}: ${error}`;
  } catch {
    // No JSON: shown as it is.
  }
  return `${status}: ${shortened(answer, 500)}`;
}

function body(name: string, text: string): HTMLElement {
  const size = `${new Blob([text]).size.toLocaleString("en")} bytes`;
  return element(
    "details",
    {},
    element("summary", {}, `${name} as JSON, ${size}`),
    element(
      "div",
      { class: "code" },
      copyButton(`Copy the ${name.toLowerCase()}`, () => text),
      element("pre", { tabindex: 0 }, shortened(text, shownCharacters)),
    ),
  );
}
