import { failed } from "../complaint.ts";

/** Where a body goes: the path after the server's address. */
export interface PredictionRequest {
  readonly path: string;
  readonly body: string;
}

/**
 * A request out of JSON as it was given. One that is written for a protocol goes to that protocol; anything else is
 * taken for the values. The text is sent as it is, so that no digit of a number is lost.
 */
export function jsonRequest(text: string, model: string, from: string): PredictionRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failed(`${from} is not JSON: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const name = encodeURIComponent(model);
  if (hasMember(value, "input_data")) return { path: "/predict", body: text };
  if (hasMember(value, "instances")) return { path: `/v1/models/${name}:predict`, body: text };
  if (hasMember(value, "inputs")) {
    const { inputs } = value as { readonly inputs: unknown };
    const isV2 = Array.isArray(inputs) && inputs.every((item) => hasMember(item, "datatype"));
    return { path: isV2 ? `/v2/models/${name}/infer` : `/v1/models/${name}:predict`, body: text };
  }
  return { path: "/predict", body: `{"input_data":${text}}` };
}

function hasMember(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
}
