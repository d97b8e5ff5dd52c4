import { isJsonObject, type Json, type JsonObject } from "../../operator/api/json.ts";
import { nearest } from "../text/nearest.ts";
import { below, type Mistake, showValue } from "./mistake.ts";
import { type Schema, hintOf } from "./schema.ts";

/** Everything in a value that its schema does not allow. Rules in CEL are looked at elsewhere. */
export function validate(value: Json, schema: Schema, path: string): Mistake[] {
  if (value === null && schema.nullable === true) return [];
  const wrongType = typeMistake(value, schema, path);
  if (wrongType !== undefined) return [wrongType];
  const own = checks.flatMap((check) => check(value, schema, path));
  if (Array.isArray(value)) return [...own, ...arrayMistakes(value as readonly Json[], schema, path)];
  return isJsonObject(value) ? [...own, ...objectMistakes(value, schema, path)] : own;
}

const typeNames: Readonly<Record<NonNullable<Schema["type"]>, string>> = {
  object: "a map of fields",
  array: "a list",
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function typeMistake(value: Json, schema: Schema, path: string): Mistake | undefined {
  if (schema["x-kubernetes-int-or-string"] === true) {
    if (Number.isInteger(value) || typeof value === "string") return undefined;
    return { path, message: `${showValue(value)} is neither a whole number nor text` };
  }
  const { type } = schema;
  if (type === undefined || isOf(value, type)) return undefined;
  const isPlain = type === "string" && (typeof value === "number" || typeof value === "boolean");
  const fix = isPlain ? `: put it in quotes, "${String(value)}"` : "";
  return { path, message: `${showValue(value)} is not ${typeNames[type]}${fix}` };
}

function isOf(value: Json, type: NonNullable<Schema["type"]>): boolean {
  switch (type) {
    case "object":
      return isJsonObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
  }
}

type Check = (value: Json, schema: Schema, path: string) => Mistake[];

const checks: readonly Check[] = [
  (value, { enum: allowed }, path) =>
    allowed === undefined || allowed.includes(value)
      ? []
      : [{ path, message: `${showValue(value)}: allowed are ${allowed.map(String).join(", ")}` }],
  (value, { minimum, maximum, format }, path) => {
    if (typeof value !== "number") return [];
    const [least, most] = bounds(minimum, maximum, format);
    if (value >= least && value <= most) return [];
    return [{ path, message: `${value}: allowed is ${rangeText(least, most)}` }];
  },
  (value, { minLength = 0, maxLength = Number.POSITIVE_INFINITY }, path) => {
    if (typeof value !== "string") return [];
    // Characters as the API server counts them: code points.
    const { length } = Array.from(value);
    if (value === "" && minLength > 0) return [{ path, message: "is empty: give it a value, or leave it out" }];
    return length >= minLength && length <= maxLength
      ? []
      : [{ path, message: `has ${length} characters: allowed is ${rangeText(minLength, maxLength)}` }];
  },
  (value, schema, path) => {
    if (typeof value !== "string" || schema.pattern === undefined) return [];
    if (new RegExp(schema.pattern, "u").test(value)) return [];
    const hint = hintOf(schema);
    return [
      {
        path,
        message: `${showValue(value)} does not have the form ${schema.pattern}${hint === "" ? "" : `: ${hint}`}`,
      },
    ];
  },
];

function bounds(
  minimum: number | undefined,
  maximum: number | undefined,
  format: string | undefined,
): [number, number] {
  const [least, most] =
    format === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [Math.max(least, minimum ?? least), Math.min(most, maximum ?? most)];
}

function rangeText(least: number, most: number): string {
  if (most === Number.POSITIVE_INFINITY) return `${least} or more`;
  return least === Number.NEGATIVE_INFINITY ? `${most} or less` : `${least} to ${most}`;
}

function arrayMistakes(items: readonly Json[], schema: Schema, path: string): Mistake[] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const size =
    items.length >= minItems && items.length <= maxItems
      ? []
      : [{ path, message: `has ${items.length} entries: allowed is ${rangeText(minItems, maxItems)}` }];
  const { items: itemSchema } = schema;
  const inside =
    itemSchema === undefined ? [] : items.flatMap((item, index) => validate(item, itemSchema, `${path}[${index}]`));
  return [...size, ...duplicates(items, schema, path), ...inside];
}

/** In a list that is a map, no two entries may have the same keys; in a set, no two may be the same. */
function duplicates(items: readonly Json[], schema: Schema, path: string): Mistake[] {
  const { "x-kubernetes-list-type": kind, "x-kubernetes-list-map-keys": keys = [] } = schema;
  if (kind !== "map" && kind !== "set") return [];
  const seen = new Map<string, number>();
  return items.flatMap((item, index) => {
    const identity = kind === "set" ? JSON.stringify(item) : identityOf(item, keys);
    const first = seen.get(identity);
    if (first === undefined) {
      seen.set(identity, index);
      return [];
    }
    const what = kind === "set" ? showValue(item) : `${keys.join(" and ")} ${identity}`;
    return [
      {
        path: `${path}[${index}]`,
        message: `${what} is there twice, first as ${path}[${first}]: every one may occur once`,
      },
    ];
  });
}

export function identityOf(item: Json | undefined, keys: readonly string[]): string {
  const values = keys.map((key) => JSON.stringify(isJsonObject(item) ? (item[key] ?? null) : null));
  return values.join(", ");
}

function objectMistakes(value: JsonObject, schema: Schema, path: string): Mistake[] {
  const { properties = {}, required = [], additionalProperties, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const missing = required
    .filter((key) => value[key] === undefined)
    .map((key) => {
      const hint = hintOf(properties[key] ?? {});
      return { path: below(path, key), message: hint === "" ? "is missing" : `is missing: ${hint}` };
    });
  const count = Object.keys(value).length;
  const tooMany =
    count > maxProperties ? [{ path, message: `has ${count} entries: allowed are ${maxProperties} at the most` }] : [];
  const inside = Object.entries(value).flatMap(([key, member]) => {
    if (member === undefined) return [];
    if (Object.hasOwn(properties, key)) return validate(member, properties[key] ?? {}, below(path, key));
    if (typeof additionalProperties === "object") return validate(member, additionalProperties, below(path, key));
    if (additionalProperties === true || schema["x-kubernetes-preserve-unknown-fields"] === true) return [];
    // A map of fields without any declared ones, such as metadata, is not looked into.
    return Object.keys(properties).length === 0 ? [] : [unknownField(key, path, Object.keys(properties))];
  });
  return [...missing, ...tooMany, ...inside];
}

export function unknownField(key: string, path: string, known: readonly string[]): Mistake {
  const guess = nearest(key, known);
  const hint = guess === undefined ? `there are ${known.join(", ")}` : `did you mean ${guess}?`;
  return { path: below(path, key), message: `there is no such field: ${hint}` };
}
