/** The intent of MLServer's tests/rest, tests/grpc and tests/codecs, as far as it is of serving one model. */
import { describeSuite, type OutsideCase } from "./outside-case.ts";
import { echoModel, floats, halvesModel, texts, totalModel } from "./models.ts";

const infer = "/v2/models/m/infer";
const input = { name: "in", datatype: "FP32", shape: [3], data: [1, 2, 3] };
/** As pydantic writes a request: every field, with null for what is not there. */
const dumped = {
  id: null,
  parameters: null,
  inputs: [{ ...input, parameters: null }],
  outputs: null,
};
const six = { outputs: [{ name: "total", data: [6] }] };

describeSuite("MLServer tests/rest: the sum of all", totalModel(), [
  { name: "live", asks: { path: "/v2/health/live" }, theirs: "200", ours: { status: 200 } },
  { name: "ready", asks: { path: "/v2/health/ready" }, theirs: "200", ours: { status: 200 } },
  {
    name: "model_ready",
    asks: { path: "/v2/models/m/versions/v1/ready" },
    theirs: "200",
    ours: { status: 200 },
  },
  {
    name: "metadata",
    asks: { path: "/v2" },
    theirs: "name, version, extensions",
    ours: { status: 200, json: { name: "slipway", extensions: ["binary_tensor_data"] } },
  },
  {
    name: "model_metadata",
    asks: { path: "/v2/models/m" },
    theirs: "name, platform, versions, inputs",
    ours: { status: 200, json: { name: "m", versions: ["v1"], inputs: [{ name: "in", datatype: "FP32" }] } },
  },
  { name: "infer", asks: { path: infer, body: dumped }, theirs: "the sum", ours: { status: 200, json: six } },
  {
    name: "infer, with a version",
    asks: { path: "/v2/models/m/versions/v1/infer", body: dumped },
    theirs: "the sum",
    ours: { status: 200, json: six },
  },
  {
    name: "infer_headers",
    asks: { path: infer, body: dumped, headers: { "x-request-id": "abc", "x-foo": "bar" } },
    theirs: "all headers come back, as a model may set them",
    because: "a model of ONNX sees no headers; the request's id alone comes back",
    ours: { status: 200, headers: { "x-request-id": "abc" } },
  },
  {
    name: "infer_error",
    asks: { path: "/v2/models/my-model/versions/v0/infer", body: dumped },
    theirs: "404, and which model",
    ours: { status: 404, code: "UnknownModel" },
  },
  {
    name: "infer_invalid_datatype_error",
    asks: { path: infer, body: { inputs: [{ ...input, datatype: "FP3" }] } },
    theirs: "422",
    because: "every mistake in a body is a 400",
    ours: { status: 400, code: "WrongDatatype" },
  },
  {
    name: "model_repository_index",
    asks: { path: "/v2/repository/index", body: { ready: null } },
    theirs: "the one model",
    ours: { status: 200, json: [{ name: "m", state: "READY" }] },
  },
  ...["load", "unload"].map(
    (action): OutsideCase => ({
      name: `model_repository_${action}`,
      asks: { path: `/v2/repository/models/m/${action}`, method: "POST" },
      theirs: "200",
      because: "the model is chosen by its ModelDeployment",
      ours: { status: 404, code: "UnknownPath" },
    }),
  ),
  ...["generate", "generate_stream", "infer_stream"].map(
    (action): OutsideCase => ({
      name: action,
      asks: { path: `/v2/models/m/${action}`, body: dumped },
      theirs: "200, of a model that writes text",
      because: "an ONNX model answers once",
      ours: { status: 404, code: "UnknownPath" },
    }),
  ),
]);

const typed = { name: "in", datatype: "FP32", shape: [3], contents: { fp32_contents: [1, 2, 3] } };

describeSuite("MLServer tests/grpc: the sum of all", totalModel(), [
  {
    name: "server_live",
    asks: { grpc: "ServerLive", request: {} },
    theirs: "true",
    ours: { grpcStatus: 0, response: { live: true } },
  },
  {
    name: "server_ready",
    asks: { grpc: "ServerReady", request: {} },
    theirs: "true",
    ours: { grpcStatus: 0, response: { ready: true } },
  },
  {
    name: "model_ready",
    asks: { grpc: "ModelReady", request: { name: "m", version: "v1" } },
    theirs: "true",
    ours: { grpcStatus: 0, response: { ready: true } },
  },
  {
    name: "model_infer",
    asks: { grpc: "ModelInfer", request: { model_name: "m", inputs: [typed] } },
    theirs: "the sum, typed as the request is",
    ours: { grpcStatus: 0, response: { outputs: [{ contents: { fp32_contents: [6] } }], raw_output_contents: [] } },
  },
  {
    name: "model_infer_raw_contents",
    asks: {
      grpc: "ModelInfer",
      request: {
        model_name: "m",
        model_version: "v1",
        inputs: [{ name: "in", datatype: "FP32", shape: [3] }],
        raw_input_contents: [floats(1, 2, 3)],
      },
    },
    theirs: "the sum, raw as the request is",
    ours: { grpcStatus: 0, response: { raw_output_contents: [Uint8Array.from(floats(6))] } },
  },
  {
    name: "model_infer: notes for codecs",
    asks: {
      grpc: "ModelInfer",
      request: {
        model_name: "m",
        parameters: [{ key: "content_type", value: { string_param: "pd" } }],
        inputs: [{ ...typed, parameters: [{ key: "content_type", value: { string_param: "np" } }] }],
      },
    },
    theirs: "the sum",
    ours: { grpcStatus: 0, response: { outputs: [{ contents: { fp32_contents: [6] } }] } },
  },
  {
    name: "model_infer_error",
    asks: { grpc: "ModelInfer", request: { model_name: "my-model", model_version: "v1.2.3", inputs: [typed] } },
    theirs: "NOT_FOUND",
    ours: { grpcStatus: 5, code: "UnknownModel" },
  },
  {
    name: "infer_invalid_datatype_error",
    asks: { grpc: "ModelInfer", request: { model_name: "m", inputs: [{ ...typed, datatype: "FP3" }] } },
    theirs: "refused",
    ours: { grpcStatus: 3, code: "WrongDatatype" },
  },
  {
    name: "model_repository_index",
    asks: { grpc: "RepositoryIndex", request: {} },
    theirs: "the one model",
    ours: { grpcStatus: 0, response: { models: [{ name: "m" }] } },
  },
  {
    name: "model_repository_load_error",
    asks: { grpc: "RepositoryModelLoad" },
    theirs: "NOT_FOUND",
    because: "no model can be loaded by a call",
    ours: { grpcStatus: 12, code: "MethodUnsupported" },
  },
]);

function strings(shape: readonly number[], data: unknown, more: object = {}): object {
  return { inputs: [{ name: "in", datatype: "BYTES", shape, data, ...more }] };
}

describeSuite("MLServer tests/codecs: texts", echoModel("string", ["rows", "columns"]), [
  {
    name: "string: one text in a list",
    asks: { path: infer, body: strings([1, 1], ["hello world"]) },
    theirs: "the text",
    ours: { status: 200, json: { outputs: [{ data: ["hello world"] }] } },
  },
  {
    name: "string: one text without a list",
    asks: { path: infer, body: strings([1, 1], "hello world") },
    theirs: "the text",
    because: "the protocol has an array there, and a text of another meaning would be taken, too",
    ours: { status: 400, code: "WrongField" },
  },
  {
    name: "string: two texts",
    asks: { path: infer, body: strings([2, 1], ["hey", "what's"], { parameters: { content_type: "str" } }) },
    theirs: "both",
    ours: { status: 200, json: { outputs: [{ shape: [2, 1], data: ["hey", "what's"] }] } },
  },
  {
    name: "string: nothing for a text",
    asks: { path: infer, body: strings([1, 1], [null]) },
    theirs: "nothing",
    because: "a tensor of ONNX has a text in every place",
    ours: { status: 400, code: "WrongElement" },
  },
  {
    name: "base64: marked as such in parameters",
    asks: { path: infer, body: strings([1, 1], ["UHl0aG9uIGlzIGZ1bg=="], { parameters: { content_type: "base64" } }) },
    theirs: "decoded for the model's code",
    because: "the note changes nothing: the model gets the text that stands there",
    ours: { status: 200, json: { outputs: [{ data: ["UHl0aG9uIGlzIGZ1bg=="] }] } },
  },
  {
    name: "string: in binary form",
    asks: {
      path: infer,
      body: { parameters: { binary_data_output: true }, ...strings([2, 1], ["a", "ü"]) },
    },
    theirs: "each with its length",
    ours: { status: 200, bytes: texts("a", "ü") },
  },
]);

describeSuite("MLServer tests/codecs: numbers", halvesModel(), [
  {
    name: "numpy: NaN in an answer",
    asks: { path: infer, body: { inputs: [{ ...input, data: [2.5, "NaN", 1] }] } },
    theirs: "null",
    because: "null is also what infinities became, so nobody could tell them apart",
    ours: { status: 200, json: { outputs: [{ data: [2.5, "NaN", 1] }, { data: [2.5, "NaN", 1] }] } },
  },
  {
    name: "numpy: null in a request",
    asks: { path: infer, body: { inputs: [{ ...input, data: [1, 2, null] }] } },
    theirs: "NaN",
    because: "a value that somebody forgot must not become NaN",
    ours: { status: 400, code: "WrongElement" },
  },
  {
    name: "numpy: integers for floats",
    asks: { path: infer, body: { inputs: [input], outputs: [{ name: "floats" }] } },
    theirs: "the same numbers as floats",
    ours: { status: 200, json: { outputs: [{ datatype: "FP32", data: [1, 2, 3] }] } },
  },
  {
    name: "numpy: [N] for [N, 1]",
    asks: { path: infer, body: { inputs: [{ ...input, shape: [3, 1] }] } },
    theirs: "the one is the other",
    because: "a shape is what it says, and the model takes one dimension",
    ours: { status: 400, code: "WrongShape" },
  },
]);
