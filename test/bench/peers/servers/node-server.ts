/**
 * The floor: node:http and onnxruntime-node with nothing between, no check, no limit, no metric. It speaks the Open
 * Inference Protocol v2 as JSON and with binary tensors, for any model name, and answers every GET.
 */
import cluster from "node:cluster";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";

const { values } = parseArgs({
  options: { model: { type: "string", default: "" }, port: { type: "string" }, processes: { type: "string" } },
});

if (cluster.isPrimary && Number(values.processes) > 1) {
  for (let count = 0; count < Number(values.processes); count += 1) cluster.fork();
} else {
  const session = await InferenceSession.create(values.model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  createServer((request, response) => {
    if (request.method === "GET") return response.end();
    return void answer(session, request, response);
  }).listen(Number(values.port), "127.0.0.1");
}

interface V2Tensor {
  readonly name: string;
  readonly datatype: "FP32" | "INT64";
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
}

async function answer(session: InferenceSession, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const jsonLength = Number(request.headers["inference-header-content-length"] ?? 0);
    const outputs = await session.run(feedsOf(body, jsonLength));
    if (jsonLength > 0) writeBinary(response, outputs);
    else writeJson(response, outputs);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}

function feedsOf(body: Buffer, jsonLength: number): Record<string, Tensor> {
  const json = jsonLength > 0 ? body.subarray(0, jsonLength) : body;
  const { inputs } = JSON.parse(json.toString()) as { readonly inputs: readonly V2Tensor[] };
  let offset = jsonLength;
  return Object.fromEntries(
    inputs.map(({ name, datatype, shape, data, parameters }) => {
      const size = parameters?.binary_data_size;
      if (size === undefined) return [name, tensorOf(datatype, data, shape)];
      // A copy of the bytes, as a typed array begins at a multiple of its element's size.
      const { buffer } = Uint8Array.from(body.subarray(offset, offset + size));
      offset += size;
      const tensor =
        datatype === "FP32"
          ? new Tensor("float32", new Float32Array(buffer), shape)
          : new Tensor("int64", new BigInt64Array(buffer), shape);
      return [name, tensor];
    }),
  );
}

function tensorOf(datatype: V2Tensor["datatype"], data: readonly number[], shape: readonly number[]): Tensor {
  return datatype === "FP32"
    ? new Tensor("float32", Float32Array.from(data), shape)
    : new Tensor("int64", BigInt64Array.from(data, BigInt), shape);
}

/** The models of the bench answer floats only. */
function floatsOf(tensor: Tensor): Float32Array {
  return tensor.data as Float32Array;
}

function writeJson(response: ServerResponse, results: InferenceSession.ReturnType): void {
  const outputs = Object.entries(results).map(([name, tensor]) => ({
    name,
    datatype: "FP32",
    shape: tensor.dims,
    data: Array.from(floatsOf(tensor)),
  }));
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ outputs }));
}

function writeBinary(response: ServerResponse, results: InferenceSession.ReturnType): void {
  const outputs = Object.entries(results).map(([name, tensor]) => ({
    name,
    datatype: "FP32",
    shape: tensor.dims,
    parameters: { binary_data_size: floatsOf(tensor).byteLength },
  }));
  const json = Buffer.from(JSON.stringify({ outputs }));
  const contents = Object.values(results).map((tensor) => {
    const { buffer, byteOffset, byteLength } = floatsOf(tensor);
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("inference-header-content-length", json.byteLength);
  response.end(Buffer.concat([json, ...contents]));
}
