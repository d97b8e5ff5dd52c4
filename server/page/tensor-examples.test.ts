import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { protoCodec } from "../../test/fixtures/proto-message.ts";
import { isProblem } from "../errors.ts";
import { checkInferRequest } from "../grpc/inference/infer-request.ts";
import { readInferRequest } from "../grpc/inference/infer-request-message.ts";
import { decodeV2 } from "../protocol/v2/decode-v2.ts";
import type { ServedModel } from "../state.ts";
import { codecs, type Datatype, elementCount, type Signature } from "../tensor.ts";
import { binaryExample, grpcExample, pythonExample } from "./tensor-examples.ts";

const evil = 'it\'s "x" $HOME\n';
const inputs = [
  ...(Object.keys(codecs) as Datatype[]).map((datatype) => ({ name: `in_${datatype}`, datatype, shape: [2, 3] })),
  { name: evil, datatype: "FP32" as const, shape: [1, 3, 224, 224] },
  { name: "scalar", datatype: "INT64" as const, shape: [] },
  { name: "none", datatype: "FP32" as const, shape: [0] },
];
const signature: Signature = { inputs, outputs: [] };
const model: ServedModel = {
  name: "m",
  version: "v1",
  signature,
  outputNames: [],
  sampleShapes: new Map(inputs.map(({ name, shape }) => [name, shape])),
  provider: "cpu",
  refusedProviders: [],
  batchRows: 1,
};

/** In a program's place: says its arguments, each ended by U+0000, and after an empty one what it was given. */
function runInShell(program: string, command: string): { readonly words: readonly string[]; readonly input: Buffer } {
  const stub = `${program}() { printf '%s\\0' "$@"; printf '\\0'; cat; }`;
  const output = execFileSync("/bin/sh", ["-c", `${stub}\n${command}`], { maxBuffer: 64 * 1024 * 1024 });
  const end = output.indexOf("\0\0");
  return { words: output.subarray(0, end).toString().split("\0"), input: output.subarray(end + 2) };
}

describe("the commands shown to people, with tensors in binary form,", () => {
  test("send by curl what the model takes", () => {
    const { words, input } = runInShell("curl", binaryExample(model, "http://h").command);
    assert.equal(words.at(-1), "http://h/v2/models/m/infer");
    const header = words.find((word) => word.startsWith("inference-header-content-length: "));
    const request = decodeV2(new Uint8Array(input), signature, Number(header?.split(" ")[1]));
    assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
    assert.ok(request.inputs.every(({ shape, data }) => data.length === elementCount(shape)));
  });

  test("send by grpcurl what the model takes", () => {
    const { words, input } = runInShell("grpcurl", grpcExample(model, "h:80").command);
    assert.deepEqual(words, ["-plaintext", "-d", "@", "h:80", "inference.GRPCInferenceService/ModelInfer"]);
    // As Protocol Buffers' JSON has it: bytes in base64.
    const said = JSON.parse(input.toString()) as { readonly raw_input_contents: readonly string[] };
    const raw = said.raw_input_contents.map((text) => Buffer.from(text, "base64"));
    const codec = protoCodec("server/grpc/inference.proto");
    const message = readInferRequest(
      Buffer.from(codec.encode("ModelInferRequest", { ...said, raw_input_contents: raw })),
    );
    assert.ok(!isProblem(message));
    const request = checkInferRequest(message, signature);
    assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
  });

  test("are told to Python with every name as a literal", () => {
    const { command } = pythonExample(model, "h:80");
    assert.match(command, /InferInput\("it's \\"x\\" \$HOME\\n", \[1, 3, 224, 224\], "FP32"\)/);
    assert.match(command, /set_data_from_numpy\(np\.full\(\[2, 3\], "", object\)\)/);
    assert.match(command, /InferenceServerClient\("h:80"\)\.infer\("m", inputs\)/);
  });
});
