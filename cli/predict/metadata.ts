import { codecs, type Datatype, type Signature } from "../../server/tensor.ts";
import { failed } from "../complaint.ts";

/** What a model says of itself. */
export interface Metadata extends Signature {
  readonly version: string | undefined;
}

/** Throws a complaint about an input that no tensor can be made for here. Outputs are read as they come. */
export function requireKnownInputs(metadata: Metadata): Metadata {
  for (const { name, datatype } of metadata.inputs) {
    if (!isDatatype(datatype)) {
      throw failed(`the input ${name} is ${String(datatype)}, which is not known here: send JSON without --protocol`);
    }
  }
  return metadata;
}

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(codecs, name);
}
