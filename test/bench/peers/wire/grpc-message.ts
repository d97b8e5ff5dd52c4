import type { Input } from "../model.ts";

/**
 * ModelInferRequest and ModelInferResponse of the Open Inference Protocol's `grpc_service.proto`, as far as the models of
 * the bench need them; the numbers below are the fields of that file, the wire types those of the protobuf encoding.
 */
const requestFields = { modelName: 1, inputs: 5, rawInputContents: 7 } as const;
const responseFields = { outputs: 5, rawOutputContents: 6 } as const;
const tensorFields = { name: 1, datatype: 2, shape: 3, contents: 5 } as const;
const floatContents = 6;

/** With raw_input_contents: the tensors' bytes, little-endian. */
export function encodeInferRequest(modelName: string, inputs: readonly Input[]): Uint8Array {
  const heads = inputs.map(({ name, datatype, shape }) =>
    field(
      requestFields.inputs,
      Buffer.concat([
        field(tensorFields.name, Buffer.from(name)),
        field(tensorFields.datatype, Buffer.from(datatype)),
        field(tensorFields.shape, Buffer.concat(shape.map(varint))),
      ]),
    ),
  );
  const contents = inputs.map(({ data }) =>
    field(requestFields.rawInputContents, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  return Buffer.concat([field(requestFields.modelName, Buffer.from(modelName)), ...heads, ...contents]);
}

/** The floats of each output by its name, whether they came raw or as contents. */
export function decodeInferResponse(message: Uint8Array): ReadonlyMap<string, readonly number[]> {
  const outputs: { name: string; contents: readonly number[] }[] = [];
  const raw: (readonly number[])[] = [];
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === responseFields.outputs) outputs.push(decodeTensor(bytes));
    else if (number === responseFields.rawOutputContents) raw.push(floatsOf(bytes));
  }
  return new Map(outputs.map(({ name, contents }, index) => [name, raw[index] ?? contents]));
}

function decodeTensor(message: Uint8Array): { readonly name: string; readonly contents: readonly number[] } {
  let name = "";
  let contents: readonly number[] = [];
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === tensorFields.name) name = Buffer.from(bytes).toString();
    if (number === tensorFields.contents)
      contents = fieldsOf(bytes).flatMap((part) => (part.number === floatContents ? floatsOf(part.bytes) : []));
  }
  return { name, contents };
}

function floatsOf(bytes: Uint8Array): readonly number[] {
  // A copy, as the bytes may begin anywhere.
  return [...new Float32Array(Uint8Array.from(bytes).buffer)];
}

/** A gRPC message as HTTP/2 carries it: not compressed, its length in four bytes (gRPC over HTTP2, Length-Prefixed-Message). */
export function frame(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

export const prefixBytes = 5;

/** A length-delimited field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.byteLength), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}

/** The fields of a message; the bytes of those of a fixed length or a varint are left out. */
function fieldsOf(message: Uint8Array): readonly { readonly number: number; readonly bytes: Uint8Array }[] {
  const found: { number: number; bytes: Uint8Array }[] = [];
  let offset = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[offset];
      if (byte === undefined) throw new Error("the gRPC message ends in the middle of a field");
      offset += 1;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (offset < message.byteLength) {
    const tag = read();
    const type = tag % 8;
    if (type === 0) read();
    const length = type === 2 ? read() : (fixedLengths.get(type) ?? 0);
    found.push({ number: Math.floor(tag / 8), bytes: message.subarray(offset, offset + (type === 2 ? length : 0)) });
    offset += length;
  }
  return found;
}

const fixedLengths: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [5, 4],
]);
