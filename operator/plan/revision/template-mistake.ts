import { isJsonObject, type Json, type JsonObject } from "../../api/json.ts";
import { containers } from "../../api/names.ts";
import { serverContainer } from "./template.ts";

/**
 * What is wrong with a merged pod template that spec.podTemplate alone can have brought, in the words of its fields. The
 * API server judges the rest; it would refuse most of this too, but only once pods are to be made.
 */
export function templateMistake(template: JsonObject): string | undefined {
  const spec = template["spec"];
  if (!isJsonObject(spec)) return "spec.podTemplate.spec is no map of fields: write what is to be changed below it";
  return listMistake(spec) ?? serverMistake(template) ?? environmentMistake(spec);
}

const lists = ["containers", "initContainers"] as const;

function listMistake(spec: JsonObject): string | undefined {
  for (const list of lists) {
    const value = spec[list];
    const at = `spec.podTemplate.spec.${list}`;
    if (value === undefined) continue;
    if (!Array.isArray(value)) return `${at} is no list of containers: write - {name: ..., ...} for each that changes`;
    if (!value.every(isJsonObject)) return `${at} has an entry that is no map of fields`;
    if (!value.every(hasName)) return `${at} has an entry without a name, by which the list is merged: give it one`;
  }
  return undefined;
}

function serverMistake(template: JsonObject): string | undefined {
  if (serverContainer(template) !== undefined) return undefined;
  return `spec.podTemplate.spec.containers leaves no container ${containers.server}: do not empty the list`;
}

/** Two entries of a name are merged, so that a value stays where only its source was given. */
function environmentMistake(spec: JsonObject): string | undefined {
  for (const list of lists) {
    for (const container of named(spec[list])) {
      const at = `spec.podTemplate.spec.${list}[${nameOf(container)}].env`;
      const env = container["env"];
      if (env !== undefined && !Array.isArray(env)) return `${at} is no list`;
      const both = named(env).find((entry) => isSet(entry["value"]) && isSet(entry["valueFrom"]));
      if (both === undefined) continue;
      return `${at}: ${nameOf(both)} has both value and valueFrom: take one away (value: null removes what Slipway or spec.server.env sets)`;
    }
  }
  return undefined;
}

/** Kubernetes takes an empty value for none. */
function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== "";
}

function hasName({ name }: JsonObject): boolean {
  return typeof name === "string" && name !== "";
}

function nameOf({ name }: JsonObject): string {
  return typeof name === "string" ? name : "without a name";
}

function named(list: Json | undefined): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
