/**
 * Every field of a pod set to its zero value, one at a time, as the API server's own schema has them: what `false`, 0, ""
 * and empty lists and maps become is its business, and differs from field to field.
 */
import { isJsonObject, type Json, type JsonObject } from "../../../operator/api/json.ts";

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

export interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface ZeroValue {
  /** Such as `containers.ports.hostPort`. */
  readonly path: string;
  /** A pod's spec with nothing in it but this field, and what the fields around it cannot do without. */
  readonly podSpec: JsonObject;
}

/** Deep enough for a probe's HTTP header and for a key of a projected volume. */
const deepest = 7;
/** The items that are there already, into which a zero value is merged. */
const known: Readonly<Record<string, string>> = { containers: "server", initContainers: "fetch" };
/** What fields that are required hold when they are not what is tried: what is there already, else anything. */
const samplesByName: Readonly<Record<string, Json>> = {
  mountPath: "/model",
  containerPort: 8080,
  port: 8080,
  ip: "192.0.2.1",
  fieldPath: "metadata.name",
  resource: "limits.cpu",
  topologyKey: "kubernetes.io/hostname",
  whenUnsatisfiable: "ScheduleAnyway",
};
const samplesByType: Readonly<Record<string, Json>> = { string: "zero", integer: 1, number: 1, boolean: true };

export function zeroValues(openApi: OpenApi): readonly ZeroValue[] {
  const root = openApi.components.schemas["io.k8s.api.core.v1.PodSpec"];
  if (root === undefined) throw new Error("the API server's schema has no PodSpec");
  let serial = 0;

  const resolve = (schema: Schema): Schema => {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (reference === undefined) return schema;
    return openApi.components.schemas[reference.slice(reference.lastIndexOf("/") + 1)] ?? {};
  };

  /** Every value of this shape with one zero in it. */
  const within = (schema: Schema, path: string, depth: number): { path: string; value: Json }[] => {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref ?? "";
    if (reference.endsWith(".Quantity")) return [{ path, value: "0" }];
    if (reference.endsWith(".IntOrString")) return [{ path, value: 0 }];
    const { type, properties, items, additionalProperties, required = [] } = resolve(schema);
    if (type === "boolean") return [{ path, value: false }];
    if (type === "integer" || type === "number") return [{ path, value: 0 }];
    if (type === "string") return [{ path, value: "" }];
    if (type === "array") {
      const inItems = depth === 0 || items === undefined ? [] : within(items, path, depth - 1);
      return [{ path, value: [] }, ...inItems.map((item) => ({ path: item.path, value: [named(path, item.value)] }))];
    }
    if (additionalProperties !== undefined || properties === undefined) return [{ path, value: {} }];
    const around = (name: string): JsonObject =>
      Object.fromEntries(
        required.filter((other) => other !== name).map((other) => [other, sampleOf(other, properties[other])]),
      );
    const inside =
      depth === 0
        ? []
        : Object.entries(properties).flatMap(([name, property]) =>
            within(property, path === "" ? name : `${path}.${name}`, depth - 1).map((inner) => ({
              path: inner.path,
              value: { ...(path === "" ? {} : around(name)), [name]: inner.value },
            })),
          );
    // The pod itself is there already, and what it cannot do without.
    return path === "" ? inside : [{ path, value: around("") }, ...inside];
  };

  /** Of lists whose items have names: merged into ours, or an item of its own. */
  const named = (path: string, item: Json): Json => {
    if (!isJsonObject(item)) return item;
    const name = known[path];
    if (name !== undefined) return { ...item, name };
    if (path === "volumes") return { ...item, name: `zero-${(serial += 1)}` };
    return path.endsWith(".volumeMounts") ? { name: "model", ...item } : item;
  };

  const sampleOf = (name: string, schema: Schema = {}): Json => {
    const { type = "" } = resolve(schema);
    return samplesByName[name] ?? samplesByType[type] ?? (type === "array" ? [] : {});
  };

  return within(root, "", deepest).flatMap(({ path, value }) =>
    isJsonObject(value) ? [{ path, podSpec: value }] : [],
  );
}
