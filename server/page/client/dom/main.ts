import type { PageModel } from "../page-model.ts";
import { requestJson, type RequestTensor } from "../request.ts";
import { copyButton } from "./copy-button.ts";
import { byId, element } from "./element.ts";
import { inputEditor } from "./input-editor.ts";
import { latencyView } from "./latency-view.ts";
import { resultView } from "./result-view.ts";

/** Makes the form of the page and what it shows. All addresses are relative: a proxy may serve the page below a path. */
const model = JSON.parse(byId("model").dataset["model"] ?? "") as PageModel;
const editors = model.inputs.map((input, index) => ({
  input,
  editor: inputEditor(input, index, model.bodyLimitBytes),
}));
const run = element("button", { type: "submit", class: "run" }, "Predict");
const form = element("form", {}, ...editors.map(({ editor }) => editor.node), run);
const result = resultView();
const latency = latencyView(byId("runs"), byId("recent"));
byId("form").replaceChildren(form);
byId("result").append(result.node);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void predict();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

// A picture that misses its place would otherwise be opened instead of the page.
for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());

async function predict(): Promise<void> {
  const tensors: (readonly [(typeof editors)[number]["input"], RequestTensor])[] = [];
  for (const { input, editor } of editors) {
    const read = editor.read();
    if ("mistake" in read) return complain(read.mistake);
    tensors.push([input, read]);
  }
  const request = requestJson(tensors);
  run.disabled = true;
  try {
    const started = performance.now();
    const response = await fetch(`v2/models/${encodeURIComponent(model.name)}/infer`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: request,
    });
    const answer = await response.text();
    latency.add(response.status, performance.now() - started);
    result.show({ status: response.status, request, answer });
    revealResult();
  } catch (error) {
    complain(`No answer from the server: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    run.disabled = false;
  }
}

function complain(message: string): void {
  result.complain(message);
  revealResult();
}

/** On a phone the result lies below the form. */
function revealResult(): void {
  byId("result").hidden = false;
  byId("result").scrollIntoView({ block: "nearest" });
}

/** The server knows the host that it was called by, but neither https nor a path that a proxy adds. */
const base = new URL(".", location.href).href.replace(/\/$/, "").replaceAll("'", "%27");
/** As programs want it that know no scheme. */
const host = location.port === "" ? `${location.host}:${location.protocol === "https:" ? 443 : 80}` : location.host;
for (const block of document.querySelectorAll<HTMLElement>("[data-base], [data-host]")) {
  const code = block.querySelector("code");
  if (code === null) continue;
  const { base: servedBase, host: servedHost } = block.dataset;
  const command =
    servedBase === undefined
      ? code.textContent.replaceAll(servedHost ?? host, host)
      : code.textContent.replaceAll(servedBase, base);
  code.textContent = command;
  block.prepend(copyButton("Copy the command", () => command));
}
