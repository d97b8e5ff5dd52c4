/**
 * Writes what is derived: from the CRD the TypeScript types of a ModelDeployment and the chart's copy of it, from the
 * chart's values their reference, from the .proto files what gRPC's reflection tells, from its version the images that it names, the dashboard, and from the code the
 * reference pages.
 * With --check it writes nothing and fails when a committed file differs from what it would write.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { load } from "js-yaml";
import { compile, type JSONSchema } from "json-schema-to-typescript";
import { unplacedImages, withChartImages } from "../release/chart-images.ts";
import { dashboard } from "./dashboard.ts";
import { descriptorsFile, descriptorsModule } from "./proto/descriptors.ts";
import { referencePages } from "./reference/pages.ts";
import { valueEntries, valuesTable, withBlock } from "./values-reference.ts";

const crdFile = "crds/modeldeployment.yaml";
const valuesFile = "charts/slipway/values.yaml";
const chartReadme = "charts/slipway/README.md";
const chartFile = "charts/slipway/Chart.yaml";

interface CustomResourceDefinition {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: JSONSchema } }[] };
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false }, help: { type: "boolean" } } });
if (values.help) {
  process.stdout.write("npx node scripts/generate.ts [--check]\n  writes the derived files, or checks them\n");
} else {
  await main(values.check);
}

async function main(check: boolean): Promise<void> {
  const crd = await readFile(crdFile, "utf8");
  const table = valuesTable(valueEntries(await readFile(valuesFile, "utf8")));
  const generated: Readonly<Record<string, string>> = {
    "operator/api/types.gen.ts": await typesOf(load(crd) as CustomResourceDefinition),
    "charts/slipway/files/modeldeployment.yaml": crd,
    "charts/slipway/files/dashboard.json": dashboard(),
    [chartReadme]: withBlock(await readFile(chartReadme, "utf8"), "values", table),
    [chartFile]: namedImages(await readFile(chartFile, "utf8")),
    "docs/reference/values.md": valuesPage(table),
    [descriptorsFile]: await descriptorsModule(new URL("../", import.meta.url)),
    ...(await referencePages(new URL("../", import.meta.url))),
  };
  for (const [file, content] of Object.entries(generated)) {
    if (!check) {
      await writeFile(file, content);
      continue;
    }
    const committed = await readFile(file, "utf8").catch(() => "");
    if (committed !== content) {
      process.stderr.write(`${file} differs from what it is made of: run npm run generate and commit it\n`);
      process.exitCode = 1;
    }
  }
}

function namedImages(chart: string): string {
  const { appVersion } = load(chart) as { readonly appVersion: string };
  return withChartImages(chart, unplacedImages(appVersion));
}

function valuesPage(table: string): string {
  return `# Values of the chart

Generated from [values.yaml](../../${valuesFile}) by \`npm run generate\`. What is unknown, or of another type, is
refused before anything is written ([values.schema.json](../../charts/slipway/values.schema.json)).

${table}
`;
}

async function typesOf(definition: CustomResourceDefinition): Promise<string> {
  const schema = definition.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`${crdFile} has no version with a schema`);
  return compile(readBack(schema), "ModelDeployment", {
    bannerComment: `// Generated from ${crdFile} by npm run generate. Do not edit.`,
    additionalProperties: false,
    format: true,
    style: { printWidth: 120 },
  });
}

/**
 * The schema as a reader of the API meets it: a property with a default is always there, an int-or-string is either,
 * and the bounds that json-schema-to-typescript would turn into tuples are dropped.
 */
function readBack(schema: JSONSchema): JSONSchema {
  const { maxItems: _most, minItems: _least, ...rest } = schema;
  const copy: JSONSchema = { ...rest };
  if (schema["x-kubernetes-int-or-string"]) return { ...copy, type: ["integer", "string"] };
  if (schema.properties !== undefined) {
    const properties = Object.entries(schema.properties);
    const withDefault = properties.filter(([, property]) => property.default !== undefined).map(([name]) => name);
    copy.properties = Object.fromEntries(properties.map(([name, property]) => [name, readBack(property)]));
    copy.required = [...new Set([...(Array.isArray(schema.required) ? schema.required : []), ...withDefault])];
  }
  if (schema.items !== undefined && !Array.isArray(schema.items)) copy.items = readBack(schema.items);
  if (typeof schema.additionalProperties === "object")
    copy.additionalProperties = readBack(schema.additionalProperties);
  return copy;
}
