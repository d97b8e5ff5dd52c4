import type { ServedModel } from "../state.ts";
import type { TensorSpec } from "../tensor.ts";
import { curlLines } from "./curl.ts";
import { escapeHtml, htmlPage } from "./html.ts";

/** What is served here and how to call it. `host` is the one that the reader used. */
export function modelPage(model: ServedModel, host: string): string {
  const examples = curlLines(model, `http://${host}`)
    .map(({ title, command }) => `<h3>${escapeHtml(title)}</h3>\n<pre><code>${escapeHtml(command)}</code></pre>`)
    .join("\n");
  return htmlPage(
    `${model.name} ${model.version}`,
    `<h1>${escapeHtml(model.name)}</h1>
<p>Version <b>${escapeHtml(model.version)}</b>. <a href="/docs">All paths</a>, <a href="/v2/models/${encodeURIComponent(model.name)}">metadata as JSON</a>.</p>
<h2>Inputs</h2>
${table(model.signature.inputs)}
<h2>Outputs</h2>
${table(model.signature.outputs)}
<p>-1 stands for any size.</p>
<h2>Predict</h2>
${examples}`,
  );
}

function table(specs: readonly TensorSpec[]): string {
  const rows = specs.map(
    ({ name, datatype, shape }) =>
      `<tr><td><code>${escapeHtml(name)}</code><td>${datatype}<td><code>[${shape.join(", ")}]</code>`,
  );
  return `<table><tr><th>Name<th>Datatype<th>Shape\n${rows.join("\n")}\n</table>`;
}
