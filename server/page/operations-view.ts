import type { Schema } from "../protocol/openapi/element-schema.ts";
import type { OpenApi, OpenApiOperation } from "../protocol/openapi/open-api.ts";
import { escapeHtml, proseHtml } from "./html.ts";
import { schemaView } from "./schema-view.ts";

/** The operations of one group of an OpenAPI document as HTML, each to be opened. */
export function operationsView({ paths, components }: OpenApi, group: string): string {
  const views: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.tags.includes(group)) views.push(operationView(path, method, operation, components.schemas));
    }
  }
  return views.join("\n");
}

function operationView(
  path: string,
  method: string,
  operation: OpenApiOperation,
  schemas: Readonly<Record<string, Schema>>,
): string {
  const { summary, requestBody, responses, description } = operation;
  const parts: string[] = [];
  if (typeof description === "string") parts.push(`<p>${proseHtml(description)}</p>`);
  const request = jsonSchemaOf(requestBody);
  if (request !== undefined) {
    parts.push("<h3>Body</h3>", schemaView(request, schemas));
    const example = exampleOf(request, schemas);
    if (example !== undefined) {
      parts.push(`<pre tabindex="0"><code>${escapeHtml(JSON.stringify(example))}</code></pre>`);
    }
  }
  for (const [status, response] of Object.entries(responses)) {
    const answer = status === "200" ? jsonSchemaOf(response) : undefined;
    if (answer !== undefined) parts.push("<h3>Answer</h3>", schemaView(answer, schemas));
  }
  const refusals = Object.keys(responses).filter((status) => status !== "200");
  if (refusals.length > 0) {
    parts.push(
      `<p class="hint">Refused with ${refusals.join(", ")} and <code>{"error": text, "code": name}</code>.</p>`,
    );
  }
  return `<details class="operation"><summary><code>${method.toUpperCase()} ${escapeHtml(path)}</code> ${proseHtml(summary)}</summary>
${parts.join("\n")}
</details>`;
}

/** Of a request body or a response. */
function jsonSchemaOf(holder: unknown): Schema | undefined {
  const { content } = (holder ?? {}) as { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> };
  return content?.["application/json"]?.schema;
}

function exampleOf(schema: Schema, schemas: Readonly<Record<string, Schema>>): unknown {
  const name = typeof schema["$ref"] === "string" ? schema["$ref"].slice(schema["$ref"].lastIndexOf("/") + 1) : "";
  const examples = schemas[name]?.["examples"];
  return Array.isArray(examples) ? (examples as unknown[])[0] : undefined;
}
