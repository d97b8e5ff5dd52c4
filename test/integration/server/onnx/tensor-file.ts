import { type ProtoObject, protoCodec } from "../../../fixtures/proto-message.ts";
import { type CaseData, type CaseTensor, datatypeOf, numbersIn, numbersOf } from "./case-tensor.ts";

const codec = protoCodec("test/integration/server/onnx/onnx-data.proto");

/** One `input_N.pb` or `output_N.pb`; undefined when it holds no tensor of a type that a protocol has. */
export function readTensorFile(file: Uint8Array): CaseTensor | undefined {
  let message: ProtoObject;
  try {
    message = codec.decode("TensorProto", file);
  } catch {
    // A SequenceProto or an OptionalProto: the file itself does not say which message it is.
    return undefined;
  }
  const datatype = datatypeOf(Number(message["data_type"] ?? 0));
  if (datatype === undefined) return undefined;
  const dims = (message["dims"] as readonly bigint[]).map(Number);
  const tensor = { name: message["name"] as string, datatype, dims, data: dataOf(message, datatype) };
  const count = dims.reduce((product, size) => product * size, 1);
  if (tensor.data.length !== count) throw new Error(`${tensor.name}: ${tensor.data.length} values of [${dims.join()}]`);
  return tensor;
}

/** Numbers lie in `raw_data`, or in the field of their type: small ones and bit patterns in `int32_data`. */
function dataOf(message: ProtoObject, datatype: CaseTensor["datatype"]): CaseData {
  if (datatype === "BYTES") {
    return (message["string_data"] as readonly Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes));
  }
  const raw = message["raw_data"];
  if (raw instanceof Uint8Array) return numbersIn(datatype, raw);
  const values = message[typedFields[datatype] ?? "int32_data"] as readonly unknown[];
  return numbersOf(datatype, values);
}

const typedFields: Readonly<Partial<Record<CaseTensor["datatype"], string>>> = {
  FP32: "float_data",
  FP64: "double_data",
  INT64: "int64_data",
  UINT32: "uint64_data",
  UINT64: "uint64_data",
};
