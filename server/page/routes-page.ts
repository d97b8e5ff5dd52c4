import { escapeHtml, htmlPage } from "./html.ts";

const routes: readonly (readonly [string, string])[] = [
  ["GET /v2", "Server metadata"],
  ["GET /v2/health/live", "200 while the process answers"],
  ["GET /v2/health/ready", "200 while the model takes predictions, 503 otherwise"],
  ["GET /v2/models/{model}[/versions/{version}]", "Inputs and outputs"],
  ["GET /v2/models/{model}[/versions/{version}]/ready", "200 while the model takes predictions"],
  [
    "POST /v2/models/{model}[/versions/{version}]/infer",
    'Open Inference Protocol: {"inputs":[{"name","shape","datatype","data"}]}',
  ],
  ["GET /v1/models", "Names of the models"],
  ["GET /v1/models/{model}", "Whether the model is ready"],
  ["POST /v1/models/{model}:predict", '{"instances":[rows]} to {"predictions"}, or {"inputs"} to {"outputs"}'],
  ["POST /predict", '{"input_data": nested arrays, or an object by input name} to {"predictions"}'],
  ["GET /", "The model, a form that runs it, and ready commands to call it"],
  ["GET /page/recent", "The last 50 requests: path, status and duration, without probes"],
];

/** Every path of the prediction port and the rules that all of them share. */
export function routesPage(): string {
  const rows = routes.map(([path, text]) => `<tr><td><code>${escapeHtml(path)}</code><td>${escapeHtml(text)}`);
  return htmlPage(
    "Paths",
    `<header><h1>Paths</h1>
<nav><a href="./">The model</a></nav></header>
<main>
<section class="card">
<table class="paths">
${rows.join("\n")}
</table>
</section>
<section class="card">
<h2>Rules</h2>
<p>Bodies are JSON in UTF-8, plain or with <code>content-encoding: gzip</code> or <code>deflate</code>. A refusal is
<code>{"error": text, "code": name}</code> with a status of 4xx; 503 may be tried again. NaN and the infinities in an output
become <code>null</code>. 64-bit integers keep every digit. The answer carries the <code>x-request-id</code> of the request, or
a new one.</p>
</section>
</main>`,
  );
}
