import type { Signature } from "../../tensor.ts";
import { pathOf, type RouteEntry, routeTable } from "../route-table.ts";
import type { Schema } from "./element-schema.ts";
import { fixedSchemas } from "./fixed-schemas.ts";
import { modelSchemas, reference } from "./model-schemas.ts";
import { type Operation, operations } from "./operations.ts";
import { examplesOf } from "./tensor-schemas.ts";

/** A model as the document describes it. */
export interface DescribedModel {
  readonly name: string;
  readonly version: string;
  readonly signature: Signature;
  /** Shapes that the model is known to run with, by input: the examples. */
  readonly sampleShapes: ReadonlyMap<string, readonly number[]>;
}

/** An OpenAPI document, so far as its own page reads it. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly [other: string]: unknown };
  readonly [other: string]: unknown;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly [other: string]: unknown;
}

/**
 * The document of this one model (OpenAPI 3.1.1): every route of the table with the model's name in its path, and the
 * bodies of predictions with its tensors' names, datatypes and shapes. Paths with a version are not repeated: what is
 * answered is the same.
 */
export function openApi(model: DescribedModel): OpenApi {
  const examples = examplesOf(model.signature.inputs, model.sampleShapes);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const entry of routeTable) {
    const path = pathOf(entry.template, encodeURIComponent(model.name));
    paths[path] = { ...paths[path], [entry.method.toLowerCase()]: operation(entry, operations[entry.id]) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: model.name,
      version: model.version,
      description:
        "One ONNX model. A path with its name is also there as `…/versions/{version}`; every GET is answered for HEAD. Every answer has an `x-request-id`; `traceparent` is taken.",
    },
    // Relative to this document: a proxy may serve it below a path.
    servers: [{ url: "./" }],
    tags: [...new Set(routeTable.map(({ group }) => group))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...modelSchemas(model.signature, examples), ...fixedSchemas },
      headers: { RequestId: { description: "The request's own, or a new one.", schema: { type: "string" } } },
    },
  };
}

function operation(
  { id, says, group, template }: RouteEntry,
  { request, answer, otherTypes = [], problems, description }: Operation,
): OpenApiOperation {
  const content = {
    ...(answer === undefined ? {} : { "application/json": { schema: answer } }),
    ...Object.fromEntries(otherTypes.map((type) => [type, { schema: { type: "string" } }])),
  };
  const isAnswered = Object.keys(content).length > 0;
  return {
    operationId: id,
    summary: says,
    ...(description === undefined ? {} : { description }),
    tags: [group],
    ...(template.includes("{file}")
      ? { parameters: [{ name: "file", in: "path", required: true, schema: { type: "string" } }] }
      : {}),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: reference(request) } } } }),
    responses: {
      ...(isAnswered ? { "200": { description: "It is answered.", headers, content } } : {}),
      ...Object.fromEntries(problems.map((status) => [String(status), problem(status)])),
    },
  };
}

const headers = { "x-request-id": { $ref: "#/components/headers/RequestId" } };

function problem(status: number): Schema {
  return {
    description: status < 500 ? "The request must change." : unavailable(status),
    headers,
    content: { "application/json": { schema: reference("Problem") } },
  };
}

function unavailable(status: number): string {
  if (status === 501) return "Not made here.";
  return status === 503 ? "The same request may succeed later." : "The fault is not the client's.";
}
