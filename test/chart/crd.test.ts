import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "js-yaml";
import { repositoryDirectory } from "../cluster/directories.ts";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Definition {
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }] };
}

/** What the API server itself describes. */
const describedElsewhere = new Set([".metadata"]);

/** Above this, tools that keep a whole object in one annotation stop working (256 KiB), and clients grow slow. */
const mostBytes = 64 * 1024;

const file = `${repositoryDirectory}/crds/modeldeployment.yaml`;

test("every field of the API has a description that is a sentence", async () => {
  const definition = load(await readFile(file, "utf8")) as Definition;
  const fields = fieldsOf("", definition.spec.versions[0].schema.openAPIV3Schema);
  assert.ok(fields.length > 50);
  const undescribed = fields.filter(
    ([path, schema]) => (schema.description ?? "").length < 8 && !describedElsewhere.has(path),
  );
  assert.deepEqual(
    undescribed.map(([path]) => path),
    [],
  );
});

test("the CRD stays small", async () => {
  const { byteLength } = await readFile(file);
  assert.ok(byteLength < mostBytes, `${byteLength} bytes`);
});

function fieldsOf(path: string, schema: Schema): readonly (readonly [string, Schema])[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
    [`${path}.${name}`, property] as const,
    ...fieldsOf(`${path}.${name}`, property),
  ]);
  return schema.items === undefined ? own : [...own, ...fieldsOf(`${path}[]`, schema.items)];
}
