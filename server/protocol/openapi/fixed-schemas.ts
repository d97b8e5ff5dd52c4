import type { Schema } from "./element-schema.ts";

const text: Schema = { type: "string" };
const whole: Schema = { type: "integer", minimum: 0 };

function object(
  title: string,
  properties: Readonly<Record<string, Schema>>,
  required = Object.keys(properties),
): Schema {
  return { title, type: "object", required, properties };
}

function list(items: Schema): Schema {
  return { type: "array", items };
}

const tensor: Schema = object("TensorMetadata", {
  name: text,
  datatype: text,
  shape: { ...list({ type: "integer" }), description: "-1 stands for any size." },
});

/** Bodies that are the same for every model. */
export const fixedSchemas: Readonly<Record<string, Schema>> = {
  Problem: {
    ...object("Problem", {
      error: { type: "string", description: "For people; may change." },
      code: { type: "string", description: "For programs; keeps its meaning." },
    }),
    description: "What is wrong, and what to do.",
  },
  TensorMetadata: tensor,
  ModelMetadata: object("ModelMetadata", {
    name: text,
    versions: list(text),
    platform: text,
    inputs: list({ $ref: "#/components/schemas/TensorMetadata" }),
    outputs: list({ $ref: "#/components/schemas/TensorMetadata" }),
    parameters: object("ModelParameters", { provider: { type: "string", description: "What runs the model." } }),
  }),
  ModelConfig: {
    title: "ModelConfig",
    type: "object",
    description: "Triton's ModelConfig.",
    required: ["name"],
    properties: { name: text },
  },
  ModelStatistics: object("ModelStatistics", { model_stats: list({ type: "object" }) }),
  Ready: object("Ready", { name: text, ready: { type: "boolean" } }, ["ready"]),
  Live: object("Live", { live: { type: "boolean" } }),
  ServerMetadata: object("ServerMetadata", { name: text, version: text, extensions: list(text) }),
  ModelList: object("ModelList", { models: list(text) }),
  RepositoryEntry: object("RepositoryEntry", { name: text, version: text, state: text, reason: text }),
  Home: object("Home", {
    status: text,
    model: text,
    version: text,
    ready: { type: "boolean" },
    openapi: text,
    paths: list({ $ref: "#/components/schemas/HomePath" }),
  }),
  HomePath: object("HomePath", { method: text, path: text, does: text }),
  RecentRequest: object("RecentRequest", {
    secondsAgo: { type: "number" },
    route: text,
    status: whole,
    milliseconds: { type: "number" },
  }),
  Nothing: { title: "Nothing", type: "object" },
};
