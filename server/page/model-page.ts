import type { ServedModel } from "../state.ts";
import type { TensorSpec } from "../tensor.ts";
import { openApi } from "../protocol/openapi/open-api.ts";
import type { PageModel } from "./client/page-model.ts";
import { curlLines, type Example } from "./curl.ts";
import { escapeHtml, htmlPage } from "./html.ts";
import { operationsView } from "./operations-view.ts";
import { binaryExample, grpcExample, pythonExample } from "./tensor-examples.ts";

const script = '<script type="module" src="page/dom/main.js"></script>\n';

/** What is served here, how to call it, and a form that does. `host` is the one that the reader used; `bodyLimitBytes` what the form may send. */
export function modelPage(model: ServedModel, host: string, bodyLimitBytes: number): string {
  const { name, version, signature } = model;
  const body = `<header>
<h1>${escapeHtml(name)} <small>version ${escapeHtml(version)}</small></h1>
<nav><a href="docs">All paths</a> <a href="openapi.json">OpenAPI</a> <a href="v2/models/${encodeURIComponent(name)}">Metadata</a></nav>
</header>
<main class="columns">
<div class="column">
<section class="card" id="try">
<h2>Predict</h2>
<div id="form"><noscript>The form needs JavaScript. The commands below do not.</noscript></div>
</section>
<section class="card" id="signature">
<h2>Inputs and outputs</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Inputs and outputs">
${table(signature.inputs, signature.outputs)}
</div>
<p class="hint">-1 and names stand for any size; a name for the same one wherever it stands. ${runsOn(model)}</p>
</section>
</div>
<div class="column">
<section class="card" id="result" hidden>
<h2>Result</h2>
</section>
<section class="card" id="latency">
<h2>Latency</h2>
<h3>Predictions from this page</h3>
<div id="runs"><p class="hint">None yet.</p></div>
<h3>Last requests to this server</h3>
<div id="recent" class="scroll" tabindex="0" role="region" aria-label="Last requests"></div>
</section>
</div>
<section class="card" id="call">
<h2>Call it</h2>
${chooser(model, host)}
</section>
<section class="card" id="api">
<h2>What it takes and gives</h2>
${operationsView(openApi(model), "Predictions")}
</section>
</main>
<div id="model" hidden data-model="${escapeHtml(JSON.stringify(pageModel(model, bodyLimitBytes)))}"></div>`;
  return htmlPage(`${name} ${version}`, body, script);
}

/**
 * A radio button for each way, before what it shows: which one is chosen is the style's business, and works without
 * JavaScript. gRPC is understood on this port as well.
 */
function chooser(model: ServedModel, host: string): string {
  const base = `http://${host}`;
  const withPort = /:\d+$/.test(host) ? host : `${host}:80`;
  const ways: readonly (readonly [example: Example, placeholder: string])[] = [
    ...[...curlLines(model, base), binaryExample(model, base)].map(
      (example) => [example, `data-base="${escapeHtml(base)}"`] as const,
    ),
    ...[grpcExample(model, withPort), pythonExample(model, withPort)].map(
      (example) => [example, `data-host="${escapeHtml(withPort)}"`] as const,
    ),
  ];
  const choices = ways.map(
    (
      [{ title, command }, address],
      index,
    ) => `<input type="radio" name="way" id="way-${index}"${index === 0 ? " checked" : ""}>
<label for="way-${index}">${escapeHtml(title)}</label>
<div class="code" ${address}><pre tabindex="0"><code>${escapeHtml(command)}</code></pre></div>`,
  );
  return `<div class="calls" role="group" aria-label="Ways to call it">
${choices.join("\n")}
</div>`;
}

function runsOn({ provider, refusedProviders, batchRows }: ServedModel): string {
  const together = batchRows > 1 ? `, up to ${batchRows} rows of waiting requests together` : "";
  const refused = refusedProviders.map((each) => ` Not on ${each.provider}: ${each.message}`).join("");
  return escapeHtml(`Runs on ${provider}${together}.${refused}`);
}

/** Shown until the model is there; asks again by itself. */
export function loadingPage(): string {
  const body = `<main><section class="card"><h1>The model is loading</h1><p class="hint">This page looks again every two seconds.</p></section></main>`;
  return htmlPage("Loading", body, '<meta http-equiv="refresh" content="2">\n');
}

function pageModel({ name, version, signature, sampleShapes }: ServedModel, bodyLimitBytes: number): PageModel {
  return {
    name,
    version,
    bodyLimitBytes,
    inputs: signature.inputs
      .filter(({ isOptional }) => isOptional !== true)
      .map(({ name: input, datatype, shape }) => ({
        name: input,
        datatype,
        shape,
        sampleShape: sampleShapes.get(input) ?? [],
      })),
  };
}

function table(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): string {
  const rows = [...inputs.map((spec) => row("input", spec)), ...outputs.map((spec) => row("output", spec))];
  return `<table>
<thead><tr><th scope="col">Name<th scope="col">Kind<th scope="col">Datatype<th scope="col">Shape</thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
}

function row(kind: string, { name, datatype, shape, dimensionNames = [], isOptional, isSequence }: TensorSpec): string {
  const kinds = [isOptional === true ? "optional" : "", isSequence === true ? "sequence" : "", kind];
  const sizes = shape.map((size, index) => escapeHtml(size === -1 ? dimensionNames[index] || "-1" : String(size)));
  return `<tr><td><code>${escapeHtml(name)}</code><td>${kinds.filter((word) => word !== "").join(" ")}<td>${datatype}<td><code>[${sizes.join(", ")}]</code>`;
}
