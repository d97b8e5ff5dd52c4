import { isJsonObject, type Json } from "../../operator/api/json.ts";
import { below, type Mistake, showValue } from "./mistake.ts";
import { unknownField } from "./validate.ts";

/** ObjectMeta of Kubernetes (meta/v1), which no CRD describes. */
const texts = ["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"];
const maps = ["labels", "annotations"];
const others = [
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "finalizers",
  "ownerReferences",
  "managedFields",
];

/** Namespaces are DNS labels (RFC 1123). */
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** An optional DNS name and `/`, then a name: keys of labels and annotations. */
const keyPattern = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelPattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** What the API server demands of every object's metadata. The name's form is a rule of the CRD. */
export function metadataMistakes(metadata: Json | undefined): Mistake[] {
  if (!isJsonObject(metadata)) return [{ path: "metadata", message: "is missing: a model needs metadata.name" }];
  const known = [...texts, ...maps, ...others];
  const mistakes = Object.keys(metadata)
    .filter((key) => !known.includes(key))
    .map((key) => unknownField(key, "metadata", known));
  for (const key of texts) {
    const value = metadata[key];
    if (value === undefined || typeof value === "string") continue;
    mistakes.push({ path: below("metadata", key), message: `${showValue(value)} is not text: put it in quotes` });
  }
  const { name, namespace } = metadata as { readonly name?: Json; readonly namespace?: Json };
  if (name === undefined || name === "") {
    mistakes.push({ path: "metadata.name", message: "is missing: the model's name, which becomes its Service's" });
  }
  if (typeof namespace === "string" && !namespacePattern.test(namespace)) {
    mistakes.push({
      path: "metadata.namespace",
      message: `${showValue(namespace)}: a namespace has lower-case letters, digits and "-", at most 63`,
    });
  }
  return [...mistakes, ...maps.flatMap((key) => mapMistakes(metadata[key], key))];
}

function mapMistakes(value: Json | undefined, name: string): Mistake[] {
  const path = below("metadata", name);
  if (value === undefined || value === null) return [];
  if (!isJsonObject(value)) return [{ path, message: `${showValue(value)} is not a map of texts` }];
  return Object.entries(value).flatMap(([key, text]): Mistake[] => {
    const at = below(path, key);
    if (!keyPattern.test(key)) return [{ path: at, message: `${showValue(key)} is no valid key` }];
    if (typeof text !== "string") return [{ path: at, message: `${showValue(text)} is not text: put it in quotes` }];
    if (name !== "labels" || labelPattern.test(text)) return [];
    return [
      { path: at, message: `${showValue(text)}: a label has letters, digits, "-", "_" and ".", at most 63 characters` },
    ];
  });
}
