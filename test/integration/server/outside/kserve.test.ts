/** The intent of KServe's python/kserve/test/test_server.py and test_grpc_server.py, as far as it is of serving one model. */
import { describeSuite } from "./outside-case.ts";
import { echoModel, floats, halves, halvesModel } from "./models.ts";

const predict = "/v1/models/m:predict";
const infer = "/v2/models/m/infer";
const isRaw = { "inference-header-content-length": "0" };

describeSuite("KServe test_server: integers", echoModel("int32", ["rows", 2]), [
  {
    name: "liveness_v1",
    asks: { path: "/" },
    theirs: "the server is alive",
    ours: { status: 200, json: { status: "alive" } },
  },
  { name: "model_v1", asks: { path: "/v1/models/m" }, theirs: "200", ours: { status: 200, json: { ready: true } } },
  {
    name: "unknown_model_v1",
    asks: { path: "/v1/models/InvalidModel" },
    theirs: "404",
    ours: { status: 404, code: "UnknownModel" },
  },
  {
    name: "list_models_v1",
    asks: { path: "/v1/models" },
    theirs: "their names",
    ours: { status: 200, json: { models: ["m"] } },
  },
  {
    name: "predict_v1",
    asks: { path: predict, body: { instances: [[1, 2]] } },
    theirs: "the predictions, as JSON",
    ours: { status: 200, json: { predictions: [[1, 2]] }, headers: { "content-type": "application/json" } },
  },
  {
    name: "explain_v1",
    asks: { path: "/v1/models/m:explain", body: { instances: [[1, 2]] } },
    theirs: "200, of a model that explains",
    because: "an ONNX model does not explain",
    ours: { status: 501 },
  },
  {
    name: "unknown_path_v1",
    asks: { path: "/unknown_path" },
    theirs: "404",
    ours: { status: 404, code: "UnknownPath" },
  },
  {
    name: "metrics_v1",
    asks: { path: "/metrics" },
    theirs: "200",
    because: "metrics have a port of their own",
    ours: { status: 404, code: "UnknownPath" },
  },
  {
    name: "list_models_v2",
    asks: { path: "/v2/models" },
    theirs: "their names",
    ours: { status: 200, json: { models: ["m"] } },
  },
  {
    name: "infer_v2",
    asks: {
      path: infer,
      body: { inputs: [{ name: "in", shape: [1, 2], datatype: "INT32", data: [[1, 2]] }] },
      headers: { "content-type": "application/json" },
    },
    theirs: "the outputs, from nested data",
    ours: { status: 200, json: { outputs: [{ data: [1, 2] }] }, headers: { "content-type": "application/json" } },
  },
  {
    name: "infer_parameters_v2",
    asks: {
      path: infer,
      body: {
        id: "123",
        parameters: { "test-str": "dummy", "test-int": 100 },
        inputs: [{ name: "in", shape: [1, 2], datatype: "INT32", data: [1, 2] }],
      },
    },
    theirs: "200, and the model's code may answer to them",
    because: "nothing here follows them, and a parameter that is read past in silence misleads",
    ours: { status: 400, code: "UnsupportedParameter" },
  },
  {
    name: "predict_ce_structured",
    asks: {
      path: predict,
      body: { specversion: "1.0", id: "1", source: "s", type: "t", data: { instances: [[1, 2]] } },
      headers: { "content-type": "application/cloudevents+json" },
    },
    theirs: "the predictions in a CloudEvent",
    because: "a body is what the protocol says; whoever sends events unpacks them",
    ours: { status: 400 },
  },
  {
    name: "predict_ce_binary",
    asks: {
      path: predict,
      body: { instances: [[1, 2]] },
      headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t" },
    },
    theirs: "the predictions, with headers of a CloudEvent",
    because: "the headers of events are read past",
    ours: { status: 200, json: { predictions: [[1, 2]] } },
  },
]);

/** The same as floats and as halves. */
const eight = [6.75, 2.75, 4.75, 1.5, 6, 3.5, 4.5, 1.625];
const asJson = { name: "in", shape: [8], datatype: "FP32", data: eight };
const wanted = (isHalvesBinary: boolean, isFloatsBinary: boolean): object[] => [
  { name: "halves", parameters: { binary_data: isHalvesBinary } },
  { name: "floats", parameters: { binary_data: isFloatsBinary } },
];

describeSuite("KServe test_server: halves", halvesModel(), [
  {
    name: "fp16_output_as_binary_data",
    asks: { path: infer, body: { inputs: [asJson], outputs: wanted(true, false) } },
    theirs: "halves in binary form, floats as JSON",
    ours: { status: 200, bytes: halves(...eight), json: { outputs: [{ name: "halves" }, { data: eight }] } },
  },
  {
    name: "fp16_output_not_binary_data",
    asks: { path: infer, body: { inputs: [asJson], outputs: [{ name: "halves" }] } },
    theirs: "400, as JSON has no halves",
    because: "a half is a number, and every number has a form in JSON",
    ours: { status: 200, json: { outputs: [{ datatype: "FP16", data: eight }] } },
  },
  {
    name: "requested_output",
    asks: { path: infer, body: { inputs: [asJson], outputs: [{ name: "floats" }] } },
    theirs: "that one alone",
    ours: { status: 200, json: { outputs: [{ name: "floats" }] } },
  },
  {
    name: "all_output_as_binary_data",
    asks: { path: infer, body: { parameters: { binary_data_output: true }, inputs: [asJson] } },
    theirs: "one behind the other",
    ours: { status: 200, bytes: Buffer.concat([halves(...eight), floats(...eight)]) },
  },
  {
    name: "binary_data_parameter_precedence",
    asks: {
      path: infer,
      body: { parameters: { binary_data_output: true }, inputs: [asJson], outputs: wanted(true, false) },
    },
    theirs: "what is said of an output counts more",
    ours: { status: 200, bytes: halves(...eight), json: { outputs: [{ name: "halves" }, { name: "floats" }] } },
  },
  {
    name: "grpc_fp16_output",
    asks: {
      grpc: "ModelInfer",
      request: {
        model_name: "m",
        id: "123",
        inputs: [{ name: "in", shape: [8], datatype: "FP32", contents: { fp32_contents: eight } }],
      },
    },
    theirs: "all raw, as halves have no typed form",
    ours: {
      grpcStatus: 0,
      response: {
        id: "123",
        raw_output_contents: [Uint8Array.from(halves(...eight)), Uint8Array.from(floats(...eight))],
      },
    },
  },
  {
    name: "grpc_inputs: typed",
    asks: {
      grpc: "ModelInfer",
      request: {
        model_name: "m",
        inputs: [{ name: "in", shape: [8], datatype: "FP32", contents: { fp32_contents: eight } }],
        outputs: [{ name: "floats" }],
      },
    },
    theirs: "typed",
    ours: {
      grpcStatus: 0,
      response: { outputs: [{ contents: { fp32_contents: eight } }], raw_output_contents: [] },
    },
  },
  {
    name: "grpc_raw_inputs, with the sizes that its client leaves in parameters",
    asks: {
      grpc: "ModelInfer",
      request: {
        model_name: "m",
        inputs: [
          {
            name: "in",
            shape: [8],
            datatype: "FP32",
            parameters: [{ key: "binary_data_size", value: { int64_param: 32n } }],
          },
        ],
        outputs: [{ name: "floats" }],
        raw_input_contents: [floats(...eight)],
      },
    },
    theirs: "raw",
    ours: { grpcStatus: 0, response: { raw_output_contents: [Uint8Array.from(floats(...eight))] } },
  },
]);

describeSuite("KServe test_server: halves in", echoModel("float16"), [
  {
    name: "fp16_input_as_binary_data",
    asks: { path: infer, body: halves(...eight), headers: isRaw },
    theirs: "taken",
    ours: { status: 200, bytes: halves(...eight) },
  },
  {
    name: "fp16_input_not_binary_data",
    asks: { path: infer, body: { inputs: [{ ...asJson, datatype: "FP16" }] } },
    theirs: "400, as JSON has no halves",
    because: "a half is a number, and every number has a form in JSON",
    ours: { status: 200, json: { outputs: [{ data: eight }] } },
  },
]);
