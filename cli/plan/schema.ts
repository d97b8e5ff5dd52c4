import { readFile } from "node:fs/promises";
import { load } from "js-yaml";
import type { Json } from "../../operator/api/json.ts";

/** What a structural schema of a CRD may say, as far as ours does (apiextensions.k8s.io/v1, JSONSchemaProps). */
export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly format?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** One entry of `x-kubernetes-validations`. */
export interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** The schema of `slipway.dev/v1alpha1` out of the CRD that goes with this package. */
export async function modelSchema(packageRoot: URL): Promise<Schema> {
  const text = await readFile(new URL("crds/modeldeployment.yaml", packageRoot), "utf8");
  const definition = load(text) as CustomResourceDefinition;
  const version = definition.spec.versions.find(({ name }) => name === "v1alpha1");
  if (version === undefined) throw new Error("the CRD of this package has no version v1alpha1");
  return version.schema.openAPIV3Schema;
}

/** What a message has room for. */
const hintCharacters = 240;

/** A field's description, as far as whole sentences of it fit into a message; the first one in any case. */
export function hintOf({ description = "" }: Schema): string {
  const [first = "", ...rest] = description
    .replaceAll(/\s+/g, " ")
    .trim()
    .split(/(?<=\.) /);
  let hint = first;
  for (const sentence of rest) {
    if (hint.length + sentence.length > hintCharacters) break;
    hint += ` ${sentence}`;
  }
  return hint;
}
