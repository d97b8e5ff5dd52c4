import { isProblem } from "../../../server/errors.ts";
import { readBinary } from "../../../server/protocol/v2/binary-tensor.ts";
import { failed } from "../../complaint.ts";
import { isDatatype } from "../metadata.ts";
import { memberOf, namesOf, parseJson, v2Output, written } from "./json-answer.ts";
import { type Answer, type Output, tensorOutput } from "./output.ts";

/**
 * Outputs of an answer with the binary tensor data extension: `headerLength` bytes of JSON, then the bytes of the
 * outputs that say how many they have, in their order. Throws a complaint about an answer that breaks these rules.
 */
export function binaryAnswer(bytes: Uint8Array<ArrayBuffer>, headerLength: string): Answer {
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : Infinity;
  if (length > bytes.length) {
    throw malformed(`inference-header-content-length is ${JSON.stringify(headerLength)} of ${bytes.length} bytes`);
  }
  let at = length;
  const header = parseJson(textOf(bytes.subarray(0, length)));
  const outputs = memberOf(header, "outputs");
  if (!Array.isArray(outputs)) throw malformed("its JSON has no outputs");
  const read = outputs.map((item: unknown): Output => {
    const output = v2Output(item);
    const size = memberOf(memberOf(item, "parameters"), "binary_data_size");
    if (size === undefined) return output;
    const [start, count] = [at, Number(written(size))];
    at += count;
    // Not `at >`: what is no number is above nothing.
    if (!(at <= bytes.length))
      throw malformed(`${output.name} says ${count} bytes, and ${bytes.length - start} are left`);
    return tensorFrom(output, bytes.subarray(start, at));
  });
  return { ...namesOf(header), outputs: read };
}

function tensorFrom({ name, datatype, shape }: Output, bytes: Uint8Array<ArrayBuffer>): Output {
  if (!isDatatype(datatype)) throw malformed(`${name} has the unknown datatype ${datatype}`);
  const data = readBinary({ name, datatype, shape }, shape, bytes);
  if (isProblem(data)) throw malformed(data.message);
  return tensorOutput({ name, datatype, shape, data });
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function malformed(detail: string): Error {
  return failed(`the answer's tensors are malformed: ${detail}`);
}
