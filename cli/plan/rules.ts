import { Environment } from "@marcbachmann/cel-js";
import { isJsonObject, type Json } from "../../operator/api/json.ts";
import { below, type Mistake } from "./mistake.ts";
import type { Rule, Schema } from "./schema.ts";
import { identityOf } from "./validate.ts";

/** What the rules of a schema say to a value. */
export interface RuleFindings {
  readonly mistakes: readonly Mistake[];
  /** Rules that only the API server can judge: they use a function that is not known here. */
  readonly unjudged: readonly { readonly path: string; readonly rule: string }[];
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
});

/**
 * Judges `x-kubernetes-validations` (CEL) of a value and of everything below it. A rule that speaks of `oldSelf` holds
 * where there is no old value, as it does for the API server; entries of a list map are old and new by their keys.
 */
export function judgeRules(value: Json, before: Json | undefined, schema: Schema, path: string): RuleFindings {
  const mistakes: Mistake[] = [];
  const unjudged: { path: string; rule: string }[] = [];
  const visit = (node: Json, old: Json | undefined, at: Schema, where: string): void => {
    for (const rule of at["x-kubernetes-validations"] ?? []) {
      if (/\boldSelf\b/.test(rule.rule) && old === undefined) continue;
      const judgement = judge(rule, node, old, at);
      if (judgement.kind === "unknown") unjudged.push({ path: where, rule: rule.rule });
      else if (judgement.kind === "broken") mistakes.push({ path: pathOf(rule, where), message: judgement.message });
    }
    const { items, properties = {}, additionalProperties } = at;
    if (Array.isArray(node) && items !== undefined) {
      const olds = oldItems(old, at);
      for (const [index, item] of (node as readonly Json[]).entries())
        visit(item, olds(item), items, `${where}[${index}]`);
    } else if (isJsonObject(node)) {
      for (const [key, member] of Object.entries(node)) {
        const own = properties[key] ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
        const oldMember = isJsonObject(old) ? old[key] : undefined;
        if (member !== undefined && own !== undefined) visit(member, oldMember, own, below(where, key));
      }
    }
  };
  visit(value, before, schema, path);
  return { mistakes, unjudged };
}

type Judgement = { readonly kind: "holds" | "unknown" } | { readonly kind: "broken"; readonly message: string };

function judge(rule: Rule, self: Json, oldSelf: Json | undefined, schema: Schema): Judgement {
  const context = {
    self: toCel(self, schema),
    ...(oldSelf === undefined ? {} : { oldSelf: toCel(oldSelf, schema) }),
  };
  try {
    if (environment.evaluate(rule.rule, context) !== false) return { kind: "holds" };
  } catch {
    return { kind: "unknown" };
  }
  return { kind: "broken", message: messageOf(rule, context) };
}

function messageOf({ message, messageExpression, rule }: Rule, context: Record<string, unknown>): string {
  try {
    const text: unknown = messageExpression === undefined ? message : environment.evaluate(messageExpression, context);
    if (typeof text === "string" && text.trim() !== "") return text;
  } catch {
    // The API server falls back to the message, too.
  }
  return message ?? `the rule ${rule} does not hold`;
}

function pathOf({ fieldPath }: Rule, where: string): string {
  if (fieldPath === undefined) return where;
  return where === "" ? fieldPath.replace(/^\./, "") : `${where}${fieldPath}`;
}

/** Whole numbers are CEL's int, unless the schema says that the field holds fractions. */
function toCel(value: Json, schema: Schema): unknown {
  if (typeof value === "number") return schema.type !== "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => toCel(item, schema.items ?? {}));
  if (!isJsonObject(value)) return value;
  const { properties = {}, additionalProperties } = schema;
  const rest = typeof additionalProperties === "object" ? additionalProperties : {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) =>
      member === undefined ? [] : [[key, toCel(member, properties[key] ?? rest)] as const],
    ),
  );
}

function oldItems(old: Json | undefined, schema: Schema): (item: Json) => Json | undefined {
  const { "x-kubernetes-list-type": kind, "x-kubernetes-list-map-keys": keys = [] } = schema;
  if (kind !== "map" || !Array.isArray(old)) return () => undefined;
  const byKey = new Map((old as readonly Json[]).map((item) => [identityOf(item, keys), item]));
  return (item) => byKey.get(identityOf(item, keys));
}
