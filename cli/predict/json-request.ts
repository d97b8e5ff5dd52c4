import { failed } from "../complaint.ts";
import type { JsonProtocol } from "./protocol.ts";

/** A request out of a file of JSON. */
export interface JsonRequest {
  /** What it is written for. */
  readonly protocol: JsonProtocol;
  readonly text: string;
  /** Of the inputs that it names; undefined where it holds the values of the only one. */
  readonly names: readonly string[] | undefined;
  /** For messages. */
  readonly from: string;
}

/** JSON that is not written for a protocol is taken for the values. The text is kept, so that no digit is lost. */
export function readJsonRequest(text: string, from: string): JsonRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failed(`${from} is not JSON: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const request = (protocol: JsonProtocol, inputs: unknown): JsonRequest => ({
    protocol,
    text,
    names: keysOf(inputs),
    from,
  });
  if (!isObject(value)) return { ...request("predict", value), text: `{"input_data":${text}}` };
  if (Object.hasOwn(value, "input_data")) return request("predict", value["input_data"]);
  if (Object.hasOwn(value, "instances")) {
    const { instances } = value;
    return request("v1", Array.isArray(instances) ? instances[0] : instances);
  }
  if (Object.hasOwn(value, "inputs")) {
    const { inputs } = value;
    const isV2 = Array.isArray(inputs) && inputs.every((item) => isObject(item) && Object.hasOwn(item, "datatype"));
    if (!isV2) return request("v1", inputs);
    const names = inputs.map((input: Readonly<Record<string, unknown>>) => String(input["name"]));
    return { protocol: "v2", text, names, from };
  }
  return { ...request("predict", value), text: `{"input_data":${text}}` };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keysOf(value: unknown): readonly string[] | undefined {
  return isObject(value) ? Object.keys(value) : undefined;
}
