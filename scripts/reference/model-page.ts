/** The CRD as tables: every field with its type, default, bounds and description. */
import type { Rule, Schema } from "../../cli/plan/schema.ts";
import { code, table } from "./table.ts";

interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

export function modelPage(schema: Schema, crdFile: string): string {
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error(`${crdFile}: spec or status is missing`);
  return `# ModelDeployment

Generated from [the CRD](../../${crdFile}) by \`npm run generate\`. \`slipway.dev/v1alpha1\`, short name \`md\`. In a
cluster, \`kubectl explain modeldeployment.spec\` says the same. A field in **bold** is required where its parent is
there. Length is in characters; quantities are written as in Kubernetes (\`500m\`, \`1Gi\`).

## Rules
What is refused beyond types and bounds:

${rulesOf(schema, "").map(ruleLine).join("\n")}

## spec
${fieldTable(fieldsOf(spec, "spec"))}

## status
Written by the operator alone.

${fieldTable(fieldsOf(status, "status"))}
`;
}

function fieldsOf(schema: Schema, path: string): Field[] {
  if (schema.items !== undefined) return fieldsOf(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const below = `${path}.${name}`;
    const own = { path: below, schema: property, required: schema.required?.includes(name) === true };
    return [own, ...fieldsOf(property, below)];
  });
}

function fieldTable(fields: readonly Field[]): string {
  const rows = fields.map(({ path, schema, required }) => [
    required ? `**${code(path)}**` : code(path),
    typeOf(schema),
    schema.default === undefined ? "" : code(JSON.stringify(schema.default)),
    boundsOf(schema).join("; "),
    schema.description ?? "",
  ]);
  return table(["Field", "Type", "Default", "Bounds", "What it is"], rows);
}

function typeOf(schema: Schema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "integer or string";
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  if (typeof schema.additionalProperties === "object") return `map of ${typeOf(schema.additionalProperties)}`;
  return schema.type === "object" && schema["x-kubernetes-preserve-unknown-fields"] === true
    ? "object, any fields"
    : (schema.type ?? "any");
}

function boundsOf(schema: Schema): string[] {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, maxProperties, pattern } = schema;
  const keys = schema["x-kubernetes-list-map-keys"];
  const inside = schema.type === "array" && schema.items?.type !== "object" ? boundsOf(schema.items ?? {}) : [];
  return [
    ...(schema.enum === undefined
      ? []
      : [schema.enum.map((value) => code(JSON.stringify(value).replaceAll('"', ""))).join(", ")]),
    ...range(minimum, maximum, ""),
    ...range(minLength, maxLength, " characters"),
    ...range(minItems, maxItems, " entries"),
    ...range(undefined, maxProperties, " entries"),
    ...(keys === undefined ? [] : [`one entry a ${keys.join(" and ")}`]),
    ...(schema["x-kubernetes-list-type"] === "set" ? ["no entry twice"] : []),
    ...(pattern === undefined || pattern.length > longestPattern ? [] : [code(pattern)]),
    ...inside.map((bound) => `each: ${bound}`),
  ];
}

/** Kubernetes' own pattern of a quantity is longer, and tells a reader nothing. */
const longestPattern = 120;

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  if (least === undefined && most === undefined) return [];
  if (most === undefined) return [`${least} or more${unit}`];
  return [least === undefined ? `up to ${most}${unit}` : `${least} to ${most}${unit}`];
}

interface PlacedRule extends Rule {
  readonly path: string;
}

function rulesOf(schema: Schema, path: string): PlacedRule[] {
  const own = (schema["x-kubernetes-validations"] ?? []).map((rule) => ({ ...rule, path }));
  const within = schema.items === undefined ? [] : rulesOf(schema.items, `${path}[]`);
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    rulesOf(property, path === "" ? name : `${path}.${name}`),
  );
  return [...own, ...within, ...below];
}

function ruleLine({ path, message, rule }: PlacedRule): string {
  return `- ${path === "" ? "" : `${code(path)}: `}${message ?? code(rule)}`;
}
