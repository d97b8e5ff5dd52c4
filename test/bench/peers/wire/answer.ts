import { decodeInferResponse } from "./grpc-message.ts";
import type { Dialect } from "./request.ts";
import { jsonLengthHeader } from "./request.ts";

/** The numbers of each output, flat, by its name; a peer that answers one array alone leaves the name empty. */
export type Outputs = ReadonlyMap<string, readonly number[]>;

export interface WireAnswer {
  /** HTTP status; 0 where there was no answer, whose reason is the body then. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Throws where the answer is not of the dialect. */
export function outputsOf({ kind }: Dialect, { headers, body }: WireAnswer): Outputs {
  switch (kind) {
    case "v2-grpc":
      return decodeInferResponse(body);
    case "own-json": {
      const content = JSON.parse(Buffer.from(body).toString()) as unknown;
      if (Array.isArray(content) || typeof content !== "object" || content === null)
        return new Map([["", flat(content)]]);
      return new Map(Object.entries(content).map(([name, value]) => [name, flat(value)]));
    }
    case "v2-json":
    case "v2-binary":
      return v2Outputs(body, Number(headers[jsonLengthHeader] ?? body.byteLength));
  }
}

interface V2Output {
  readonly name: string;
  readonly data?: unknown;
  readonly parameters?: { readonly binary_data_size?: number };
}

/** In the order of the JSON, the bytes of the outputs that say how many they have lie behind it. */
function v2Outputs(body: Uint8Array, jsonLength: number): Outputs {
  const { outputs } = JSON.parse(Buffer.from(body.subarray(0, jsonLength)).toString()) as {
    readonly outputs: readonly V2Output[];
  };
  let offset = jsonLength;
  return new Map(
    outputs.map(({ name, data, parameters }) => {
      const size = data === undefined ? parameters?.binary_data_size : undefined;
      if (size === undefined) return [name, flat(data)];
      const bytes = Uint8Array.from(body.subarray(offset, offset + size));
      offset += size;
      return [name, [...new Float32Array(bytes.buffer)]];
    }),
  );
}

function flat(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.flat(Infinity).map(Number) : [Number(value)];
}

/** As far as two builds of ONNX Runtime may differ. */
const relativeTolerance = 1e-3;
const absoluteTolerance = 1e-5;

/** What is wrong with an answer, in words; undefined when nothing is. */
export function differenceOf(expected: Outputs, got: Outputs): string | undefined {
  for (const [name, wanted] of expected) {
    const given = got.get(name) ?? (expected.size === 1 ? got.get("") : undefined);
    if (given === undefined) return `output ${name} is missing`;
    if (given.length !== wanted.length) return `output ${name} has ${given.length} numbers instead of ${wanted.length}`;
    const wrong = wanted.findIndex((value, index) => !isClose(value, given[index]));
    if (wrong >= 0) return `number ${wrong} of output ${name} is ${given[wrong]} instead of ${wanted[wrong]}`;
  }
  return undefined;
}

function isClose(wanted: number, given = Number.NaN): boolean {
  return Math.abs(given - wanted) <= absoluteTolerance + relativeTolerance * Math.abs(wanted);
}
