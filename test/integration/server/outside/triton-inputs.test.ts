/** The intent of Triton's qa/L0_input_validation, L0_nan_inf, L0_scalar_io, L0_string_io and the basics of L0_grpc. */
import { onnxModel } from "../../../fixtures/onnx.ts";
import { describeSuite, type OutsideCase } from "./outside-case.ts";
import { echoModel, floats, simpleModel, texts } from "./models.ts";

const infer = "/v2/models/m/infer";
const one = { name: "in", datatype: "FP32", shape: [1] };

/** A request of the input `in`, with these raw contents. */
function asked(datatype: string, shape: readonly number[], raw: Uint8Array): OutsideCase["asks"] {
  const request = { model_name: "m", inputs: [{ name: "in", datatype, shape }], raw_input_contents: [raw] };
  return { grpc: "ModelInfer", request };
}

function given(raw: Uint8Array): OutsideCase["ours"] {
  return { grpcStatus: 0, response: { raw_output_contents: [Uint8Array.from(raw)] } };
}

const a = { name: "a", datatype: "INT32", shape: [1, 4] };

describeSuite("Triton L0_input_validation: two inputs", simpleModel(), [
  {
    name: "input_validation_required_empty",
    asks: { grpc: "ModelInfer", request: { model_name: "m" } },
    theirs: "INVALID_ARGUMENT, with the inputs that are missing",
    ours: { grpcStatus: 3, code: "MissingInput" },
  },
  {
    name: "input_validation_required_missing",
    asks: {
      grpc: "ModelInfer",
      request: { model_name: "m", inputs: [a], raw_input_contents: [Buffer.alloc(16)] },
    },
    theirs: "INVALID_ARGUMENT, with the inputs that are missing",
    ours: { grpcStatus: 3, code: "MissingInput" },
  },
  {
    name: "input_validation_required_missing, over HTTP",
    asks: { path: infer, body: { inputs: [{ ...a, data: [1, 2, 3, 4] }] } },
    theirs: "400",
    ours: { status: 400, code: "MissingInput" },
  },
]);

describeSuite("Triton L0_input_validation: eight floats", echoModel("float32", [1, 8]), [
  {
    name: "input_shape_validation: right",
    asks: asked("FP32", [1, 8], Buffer.alloc(32)),
    theirs: "OK",
    ours: given(Buffer.alloc(32)),
  },
  {
    name: "input_shape_validation: more bytes than the shape has",
    asks: asked("FP32", [1, 8], Buffer.alloc(40)),
    theirs: "INVALID_ARGUMENT, with both sizes",
    ours: { grpcStatus: 3, code: "WrongByteCount" },
  },
  {
    name: "wrong_input_shape_tensor_size: fewer bytes than the shape has",
    asks: asked("FP32", [1, 8], Buffer.alloc(28)),
    theirs: "INVALID_ARGUMENT, with both sizes",
    ours: { grpcStatus: 3, code: "WrongByteCount" },
  },
]);

describeSuite("Triton L0_input_validation and L0_string_io: texts", echoModel("string"), [
  {
    name: "input_string_shape_validation: fewer than the shape says",
    asks: asked("BYTES", [4], texts("1", "2", "3")),
    theirs: "INVALID_ARGUMENT, with both numbers",
    ours: { grpcStatus: 3, code: "WrongCount" },
  },
  {
    name: "input_string_shape_validation: more than the shape says",
    asks: asked("BYTES", [4], texts("1", "2", "3", "4", "5")),
    theirs: "INVALID_ARGUMENT, with both numbers",
    ours: { grpcStatus: 3, code: "WrongByteCount" },
  },
  {
    name: "unicode_bytes: digits, over gRPC",
    asks: asked("BYTES", [2], texts("10000", "10007")),
    theirs: "as they were",
    ours: given(texts("10000", "10007")),
  },
  {
    name: "unicode_bytes: digits, JSON to JSON",
    asks: { path: infer, body: { inputs: [{ ...one, datatype: "BYTES", data: ["10000"] }] } },
    theirs: "as they were",
    ours: { status: 200, json: { outputs: [{ data: ["10000"] }] } },
  },
  {
    name: "unicode_bytes: digits, JSON to binary",
    asks: {
      path: infer,
      body: {
        parameters: { binary_data_output: true },
        inputs: [{ ...one, datatype: "BYTES", data: ["10000"] }],
      },
    },
    theirs: "as they were",
    ours: { status: 200, bytes: texts("10000") },
  },
  {
    name: "unicode_bytes: bytes that are no UTF-8, over gRPC",
    asks: asked("BYTES", [1], texts(Uint8Array.of(0x0a, 0xfa, 0x03, 0x94))),
    theirs: "as they were",
    because: "ONNX Runtime's binding for JavaScript has Unicode strings alone",
    ours: { grpcStatus: 3, code: "WrongElement" },
  },
  {
    name: "unicode_bytes: a zero byte at the end, over gRPC",
    asks: asked("BYTES", [1], texts("a\0")),
    theirs: "as they were",
    because: "ONNX Runtime's binding for JavaScript ends a string there",
    ours: { grpcStatus: 3, code: "WrongElement" },
  },
  {
    name: "unicode_bytes: bytes that are no UTF-8, as JSON",
    asks: {
      path: infer,
      body: Buffer.concat([
        Buffer.from('{"inputs":[{"name":"in","datatype":"BYTES","shape":[1],"data":["'),
        Uint8Array.of(0xfa, 0x94),
        Buffer.from('"]}]}'),
      ]),
    },
    theirs: "refused",
    ours: { status: 400, code: "NotUtf8" },
  },
]);

/** Six values whatever goes in, NaN and the infinities among them. */
const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, 2, 3];
const oddModel = onnxModel({
  nodes: [
    { operator: "Mul", inputs: ["in", "zero"], outputs: ["nothing"] },
    { operator: "Add", inputs: ["values", "nothing"], outputs: ["out"] },
  ],
  inputs: [{ name: "in", elementType: "float32", dims: [1] }],
  outputs: [{ name: "out", elementType: "float32", dims: [6] }],
  initializers: [
    { name: "values", elementType: "float32", dims: [6], raw: floats(...odd) },
    { name: "zero", elementType: "float32", dims: [1], raw: floats(0) },
  ],
});

describeSuite("Triton L0_nan_inf", oddModel, [
  {
    name: "http_raw",
    asks: { path: infer, body: { inputs: [{ ...one, data: [1] }] } },
    theirs: "valid JSON",
    ours: { status: 200, json: { outputs: [{ data: ["NaN", "Infinity", "-Infinity", 1, 2, 3] }] } },
  },
  {
    name: "http",
    asks: { path: infer, body: { parameters: { binary_data_output: true }, inputs: [{ ...one, data: [1] }] } },
    theirs: "the values, in binary form",
    ours: { status: 200, bytes: floats(...odd) },
  },
  { name: "grpc", asks: asked("FP32", [1], floats(1)), theirs: "the values", ours: given(floats(...odd)) },
]);

for (const dims of [[1], [1, 1], []]) {
  describeSuite(`Triton L0_scalar_io: a value of shape [${dims.join(",")}]`, echoModel("float32", dims), [
    { name: "scalar_io", asks: asked("FP32", dims, floats(1)), theirs: "as it was", ours: given(floats(1)) },
    {
      name: "scalar_io, as JSON",
      asks: { path: infer, body: { inputs: [{ ...one, shape: dims, data: [1] }] } },
      theirs: "as it was",
      ours: { status: 200, json: { outputs: [{ shape: dims, data: [1] }] } },
    },
  ]);
}

describeSuite("Triton L0_grpc", simpleModel(), [
  {
    name: "get_server_metadata",
    asks: { grpc: "ServerMetadata", request: {} },
    theirs: "the server's name",
    ours: { grpcStatus: 0, response: { name: "slipway" } },
  },
  {
    name: "get_model_metadata",
    asks: { grpc: "ModelMetadata", request: { name: "m" } },
    theirs: "the model's name",
    ours: { grpcStatus: 0, response: { name: "m", versions: ["v1"] } },
  },
  {
    name: "get_model_config",
    asks: { grpc: "ModelConfig", request: { name: "m" } },
    theirs: "the model's name",
    ours: { grpcStatus: 0, response: { config: { name: "m" } } },
  },
  {
    name: "get_model_repository_index",
    asks: { grpc: "RepositoryIndex", request: {} },
    theirs: "every model of the repository",
    ours: { grpcStatus: 0, response: { models: [{ name: "m", state: "READY" }] } },
  },
  {
    name: "get_inference_statistics",
    asks: { grpc: "ModelStatistics", request: {} },
    theirs: "OK",
    ours: { grpcStatus: 0, response: { model_stats: [{ name: "m", version: "v1" }] } },
  },
  ...["RepositoryModelLoad", "RepositoryModelUnload", "SystemSharedMemoryRegister", "CudaSharedMemoryRegister"].map(
    (method): OutsideCase => ({
      name: method,
      asks: { grpc: method },
      theirs: "refused by its configuration",
      ours: { grpcStatus: 12, code: "MethodUnsupported" },
    }),
  ),
  ...["TraceSetting", "SystemSharedMemoryStatus", "CudaSharedMemoryStatus"].map(
    (method): OutsideCase => ({
      name: method,
      asks: { grpc: method },
      theirs: "OK",
      because: "there are no traces and no shared memory to tell of",
      ours: { grpcStatus: 12, code: "MethodUnsupported" },
    }),
  ),
]);
