import type { OpenApi } from "../protocol/openapi/open-api.ts";
import { escapeHtml, htmlPage } from "./html.ts";
import { operationsView } from "./operations-view.ts";

/** Every path of the prediction port, read from its OpenAPI document, and the rules that all of them share. */
export function routesPage(document: OpenApi): string {
  const groups = [...new Set(Object.values(document.paths).flatMap((path) => Object.values(path).flatMap(tagsOf)))];
  const cards = groups.map(
    (group) => `<section class="card">
<h2>${escapeHtml(group)}</h2>
${operationsView(document, group)}
</section>`,
  );
  return htmlPage(
    "Paths",
    `<header><h1>Paths</h1>
<nav><a href="./">The model</a> <a href="openapi.json">OpenAPI document</a></nav></header>
<main>
${cards.join("\n")}
<section class="card">
<h2>Rules</h2>
<p>Bodies are JSON in UTF-8, plain or with <code>content-encoding: gzip</code>, <code>deflate</code> or <code>zstd</code>; in
V2 tensors may be in binary form. A refusal is <code>{"error": text, "code": name}</code> with a status of 4xx; 503 may be
tried again. NaN and the infinities are the strings <code>"NaN"</code>, <code>"Infinity"</code> and
<code>"-Infinity"</code>. 64-bit integers keep every digit. The answer carries the <code>x-request-id</code> of the request, or
a new one.</p>
</section>
</main>`,
  );
}

function tagsOf({ tags }: { readonly tags: readonly string[] }): readonly string[] {
  return tags;
}
