import type { Schema } from "../protocol/openapi/element-schema.ts";
import { escapeHtml, proseHtml } from "./html.ts";

/** A body of a few levels reads well; more is what the document is for. */
const deepest = 6;
/** Of a model with thousands of inputs, or with as many kinds of rows. */
const mostLines = 200;

type Schemas = Readonly<Record<string, Schema>>;

/** A JSON Schema as HTML: a list with a line for each property, its type and what is said of it. */
export function schemaView(schema: Schema, schemas: Schemas): string {
  const budget = { lines: mostLines };
  const lines = properties(schema, schemas, 0, budget);
  const more = budget.lines < 0 ? '<p class="hint">The rest is in the document.</p>' : "";
  return lines === "" ? `<p><code>${escapeHtml(typeText(schema, schemas))}</code></p>` : `${lines}${more}`;
}

interface Budget {
  lines: number;
}

/** Of an object, or of the objects in an array. */
function properties(schema: Schema, schemas: Schemas, depth: number, budget: Budget): string {
  const resolved = innermost(resolve(schema, schemas), schemas);
  if (depth === deepest) return "";
  const kinds = resolved["oneOf"];
  if (Array.isArray(kinds)) {
    return (kinds as Schema[]).map((kind) => properties(kind, schemas, depth, budget)).join("\n");
  }
  const entries = Object.entries((resolved["properties"] ?? {}) as Schemas);
  if (entries.length === 0) return "";
  const required = new Set(resolved["required"] as readonly string[] | undefined);
  const items: string[] = [];
  for (const [name, property] of entries) {
    budget.lines -= 1;
    if (budget.lines < 0) break;
    const said = resolve(property, schemas)["description"];
    const text = typeof said === "string" ? `: ${proseHtml(said)}` : "";
    const wanted = required.has(name) ? "" : " <small>optional</small>";
    const inner = properties(property, schemas, depth + 1, budget);
    items.push(
      `<li><code>${escapeHtml(name)}</code> ${escapeHtml(typeText(property, schemas))}${wanted}${text}${inner}</li>`,
    );
  }
  return `<ul class="schema">${items.join("\n")}</ul>`;
}

function typeText(schema: Schema, schemas: Schemas): string {
  const resolved = resolve(schema, schemas);
  if ("const" in resolved) return JSON.stringify(resolved["const"]);
  const { type } = resolved;
  if (type === "array") return `array of ${typeText((resolved["items"] ?? {}) as Schema, schemas)}`;
  if (Array.isArray(type)) return type.join(" or ");
  return typeof type === "string" ? type : "oneOf" in resolved ? "object" : "any JSON";
}

function innermost(schema: Schema, schemas: Schemas): Schema {
  let inner = schema;
  while (inner["type"] === "array") inner = resolve((inner["items"] ?? {}) as Schema, schemas);
  return inner;
}

function resolve(schema: Schema, schemas: Schemas): Schema {
  const to = schema["$ref"];
  return typeof to === "string" ? (schemas[to.slice(to.lastIndexOf("/") + 1)] ?? {}) : schema;
}
