import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { isProblem } from "../../errors.ts";
import { codecs, type Datatype, elementCount, type Tensor, type TensorSpec } from "../../tensor.ts";
import { decodePredict, encodePredict } from "../predict.ts";
import type { EncodedAnswer } from "../request.ts";
import { routeTable } from "../route-table.ts";
import { decodeV1, encodeV1 } from "../v1.ts";
import { decodeV2 } from "../v2/decode-v2.ts";
import { encodeV2, modelMetadata } from "../v2/encode-v2.ts";
import { modelConfig } from "../v2/model-config.ts";
import { type DescribedModel, type OpenApi, openApi } from "./open-api.ts";

function described(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): DescribedModel {
  const sampleShapes = new Map(inputs.map(({ name, shape }) => [name, shape.map((size) => (size === -1 ? 1 : size))]));
  return { name: "m", version: "v1", signature: { inputs, outputs }, sampleShapes };
}

const sum = described(
  [
    { name: "a", datatype: "FP32", shape: [-1, 2] },
    { name: "b", datatype: "INT64", shape: [-1, 2] },
  ],
  [
    { name: "sum", datatype: "FP32", shape: [-1, 2] },
    { name: "label", datatype: "BYTES", shape: [-1] },
  ],
);

async function assertValid(document: OpenApi): Promise<void> {
  // A copy: the validator follows references within it.
  const { valid, errors } = await new Validator().validate(
    JSON.parse(JSON.stringify(document)) as Record<string, unknown>,
  );
  assert.ok(valid, JSON.stringify(errors)?.slice(0, 2000));
}

/** Whether a value is what a component of the document says. */
function check(document: OpenApi, component: string, value: unknown): string | undefined {
  const ajv = new Ajv2020.default({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ $id: "doc", components: document.components });
  const validate = ajv.compile({ $ref: `doc#/components/schemas/${component}` });
  return validate(value) ? undefined : JSON.stringify(validate.errors);
}

function assertIs(document: OpenApi, component: string, value: unknown): void {
  const mistake = check(document, component, value);
  assert.equal(mistake, undefined, `${component}: ${JSON.stringify(value)?.slice(0, 300)}`);
}

function exampleOf(document: OpenApi, component: string): unknown {
  return (document.components.schemas[component]?.["examples"] as unknown[] | undefined)?.[0];
}

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const bodyOf = (answer: EncodedAnswer): unknown => JSON.parse([...answer.parts].join(""));

test("the document is valid by the schema of OpenAPI 3.1", async () => {
  await assertValid(openApi(sum));
});

test("the official schema is what is asked: a document with a mistake is refused", async () => {
  const document = JSON.parse(JSON.stringify(openApi(sum))) as { paths: Record<string, Record<string, object>> };
  const predict = document.paths["/predict"]?.["post"] as { responses: unknown };
  predict.responses = "none";
  const { valid } = await new Validator().validate(document);
  assert.equal(valid, false);
});

test("no route is missing, none is made up, and each operation has a name of its own", () => {
  const { paths } = openApi(sum);
  const found = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
  );
  const wanted = routeTable.map(
    ({ method, template, id }) => `${method.toLowerCase()} ${template.replace("{model}", "m")} ${id}`,
  );
  assert.deepEqual(found.toSorted(), wanted.toSorted());
  assert.equal(new Set(routeTable.map(({ id }) => id)).size, routeTable.length);
});

test("every component that is referred to is there, and every one is referred to", () => {
  const document = openApi(sum);
  const text = JSON.stringify(document);
  const asked = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? "");
  assert.deepEqual([...new Set(asked)].toSorted(), Object.keys(document.components.schemas).toSorted());
  for (const [name, { title }] of Object.entries(document.components.schemas)) assert.equal(title, name);
});

test("the model's own tensors are in it: names, datatypes, shapes, and an example of each body", () => {
  const document = openApi(sum);
  assert.deepEqual(exampleOf(document, "InferRequest"), {
    inputs: [
      { name: "a", datatype: "FP32", shape: [1, 2], data: [0, 0] },
      { name: "b", datatype: "INT64", shape: [1, 2], data: [0, 0] },
    ],
  });
  assert.deepEqual(exampleOf(document, "V1Request"), { inputs: { a: [[0, 0]], b: [[0, 0]] } });
  assert.deepEqual(exampleOf(document, "PredictRequest"), { input_data: { a: [[0, 0]], b: [[0, 0]] } });
  const { InferInputB } = document.components.schemas;
  const properties = InferInputB?.["properties"] as Record<string, Record<string, unknown>>;
  assert.deepEqual([properties["name"]?.["const"], properties["datatype"]?.["const"]], ["b", "INT64"]);
  assert.match(String(InferInputB?.["description"]), /"b": INT64 \[-1,2\]/);
});

test("large inputs have no example, and the document stays small", () => {
  const model = described([{ name: "x", datatype: "FP32", shape: [-1, 3, 224, 224] }], sum.signature.outputs);
  const document = openApi(model);
  assert.equal(exampleOf(document, "InferRequest"), undefined);
  assert.ok(JSON.stringify(document).length < 60_000);
});

describe("what the document says of bodies is so", () => {
  const document = openApi(sum);
  const tensors: readonly Tensor[] = [
    { name: "sum", datatype: "FP32", shape: [2, 2], data: Float32Array.of(1.5, Number.NaN, -Infinity, 0) },
    { name: "label", datatype: "BYTES", shape: [2], data: ["a", "b"] },
  ];

  test("answers of predictions", () => {
    const binary = { byDefault: false, byName: new Map() };
    assertIs(document, "InferResponse", bodyOf(encodeV2(sum, { id: "7", binary }, tensors)));
    assertIs(document, "PredictResponse", bodyOf(encodePredict(sum, tensors)));
    for (const rows of [undefined, 2]) {
      const answer = encodeV1(rows, tensors);
      assert.ok(!isProblem(answer));
      assertIs(document, "V1Response", bodyOf(answer));
    }
  });

  test("metadata", () => {
    assertIs(document, "ModelMetadata", modelMetadata({ ...sum, provider: "cpu" }));
    assertIs(document, "ModelConfig", modelConfig({ ...sum, provider: "cpu", batchRows: 8 }));
  });

  test("wrong bodies are wrong by it as well", () => {
    const example = exampleOf(document, "InferRequest") as { inputs: Record<string, unknown>[] };
    const changed = (change: Record<string, unknown>): unknown => ({
      inputs: [{ ...example.inputs[0], ...change }, example.inputs[1]],
    });
    for (const change of [
      { name: "c" },
      { datatype: "INT8" },
      { shape: [1, 2, 1] },
      { shape: [-1, 2] },
      { data: ["x"] },
    ]) {
      assert.ok(check(document, "InferRequest", changed(change)) !== undefined, JSON.stringify(change));
      assert.ok(isProblem(decodeV2(bytes(changed(change)), sum.signature, undefined)), JSON.stringify(change));
    }
    assert.ok(check(document, "InferRequest", { inputs: [] }) !== undefined);
    assert.ok(check(document, "PredictRequest", { input_data: { a: [[0, 0]] } }) !== undefined);
    assertIs(document, "InferRequest", changed({ data: ["NaN", 1] }));
  });
});

describe("what a tensor alone is not", () => {
  const x: TensorSpec = { name: "x", datatype: "FP32", shape: [-1, 2] };
  const k: TensorSpec = { name: "k", datatype: "FP32", shape: [3], isOptional: true };

  test("inputs that may be left out are in no example, and may be sent", () => {
    const model = described([x, k], sum.signature.outputs);
    const document = openApi(model);
    const predict = exampleOf(document, "PredictRequest");
    assert.deepEqual(predict, { input_data: { x: [[0, 0]] } });
    for (const [component, decode] of [
      ["InferRequest", (body: Uint8Array) => decodeV2(body, model.signature, undefined)],
      ["PredictRequest", (body: Uint8Array) => decodePredict(body, model.signature)],
      ["V1Request", (body: Uint8Array) => decodeV1(body, model.signature)],
    ] as const) {
      const example = exampleOf(document, component);
      assertIs(document, component, example);
      assert.ok(!isProblem(decode(bytes(example))), component);
    }
    assertIs(document, "PredictRequest", { input_data: { x: [[0, 0]], k: [1, 2, 3] } });
    assert.ok(check(document, "PredictRequest", { input_data: { k: [1, 2, 3] } }) !== undefined);
  });

  const labels = ["cat", "dog"];
  const maps: TensorSpec = { name: "p", datatype: "FP32", shape: [-1, 2], labels };
  const sequence: TensorSpec = { name: "s", datatype: "INT32", shape: [-1, -1, 2], isSequence: true };
  const unknown: TensorSpec = { name: "u", datatype: "BYTES", shape: [], isSequence: true };
  const tensors: readonly Tensor[] = [
    { name: "p", datatype: "FP32", shape: [2, 2], labels, data: Float32Array.of(0.5, Number.NaN, 1, 0) },
    {
      name: "s",
      datatype: "INT32",
      shape: [3, 2, 2],
      elements: [
        [2, 2],
        [2, 2],
        [2, 2],
      ],
      data: new Int32Array(12),
    },
    { name: "u", datatype: "BYTES", shape: [2], elements: [[2], [2, 1]], data: ["a", "b", "c", "d"] },
  ];
  const specs = [maps, sequence, unknown];

  for (const [what, places] of [
    ["maps", [0]],
    ["a sequence", [1]],
    ["a sequence of unknown shapes", [2]],
    ["all of them", [0, 1, 2]],
  ] as const) {
    test(`answers with ${what}`, () => {
      const outputs = places.flatMap((place) => tensors[place] ?? []);
      const model = described(
        [x],
        places.flatMap((place) => specs[place] ?? []),
      );
      const document = openApi(model);
      assertIs(document, "PredictResponse", bodyOf(encodePredict(model, outputs)));
      for (const rows of [undefined, 2]) {
        const answer = encodeV1(rows, outputs);
        assert.ok(!isProblem(answer));
        assertIs(document, "V1Response", bodyOf(answer));
      }
    });
  }

  test("labels are known by name, and only those", () => {
    const document = openApi(described([x], [maps]));
    const answer = (row: unknown): unknown => ({ model_name: "m", model_version: "v1", predictions: [row] });
    assertIs(document, "PredictResponse", answer({ cat: 1, dog: 0 }));
    for (const row of [{ cow: 1 }, { cat: "a lot" }, [1, 0]])
      assert.ok(check(document, "PredictResponse", answer(row)) !== undefined, JSON.stringify(row));
  });
});

const datatype = fc.constantFrom<Datatype[]>(...(Object.keys(codecs) as Datatype[]));
const tensorSpec = fc.record({
  name: fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom("__proto__", "constructor", "a/b", "a.b"),
  ),
  datatype,
  shape: fc.array(fc.constantFrom(-1, 0, 1, 2, 3), { maxLength: 4 }),
});
const tensorSpecs = fc.uniqueArray(tensorSpec, { minLength: 1, maxLength: 4, selector: ({ name }) => name });

test("for any model: the document is valid, its examples are taken, and answers are what it says", async () => {
  await fc.assert(
    fc.asyncProperty(tensorSpecs, tensorSpecs, async (inputs, outputs) => {
      const model = described(inputs, outputs);
      const document = openApi(model);
      await assertValid(document);
      const { signature } = model;
      const infer = exampleOf(document, "InferRequest");
      if (infer !== undefined) {
        assertIs(document, "InferRequest", infer);
        assert.ok(!isProblem(decodeV2(bytes(infer), signature, undefined)));
      }
      // Without a shape the nesting says it, and `[]` says less than a shape with a zero.
      const isPlain = inputs.every(({ shape }) => shape.length > 0 && !shape.includes(0));
      if (infer !== undefined && isPlain) {
        const columns = exampleOf(document, "PredictRequest");
        assertIs(document, "PredictRequest", columns);
        const decoded = decodePredict(bytes(columns), signature);
        assert.ok(!isProblem(decoded), isProblem(decoded) ? decoded.message : "");
        const v1 = exampleOf(document, "V1Request");
        assertIs(document, "V1Request", v1);
        assert.ok(!isProblem(decodeV1(bytes(v1), signature)));
      }
      const tensors = outputs.map((spec): Tensor => {
        const shape = spec.shape.map((size) => (size === -1 ? 2 : size));
        return { ...spec, shape, data: codecs[spec.datatype].allocate(elementCount(shape) ?? 0) };
      });
      const binary = { byDefault: false, byName: new Map() };
      assertIs(document, "InferResponse", bodyOf(encodeV2(model, { id: undefined, binary }, tensors)));
      assertIs(document, "PredictResponse", bodyOf(encodePredict(model, tensors)));
    }),
    { numRuns: 60 },
  );
});
