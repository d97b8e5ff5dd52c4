/** The intent of Triton's qa/L0_http and qa/L0_data_compression, as far as it is of serving one model. */
import { deflateSync, gzipSync } from "node:zlib";
import { environment } from "../../../../server/contract.ts";
import { describeSuite, type OutsideCase } from "./outside-case.ts";
import { echoModel, floats, integers, simpleModel, texts } from "./models.ts";

const infer = "/v2/models/m/infer";
const isRaw = { "inference-header-content-length": "0" };
const numbers = Array.from({ length: 32 }, (_, index) => index);

function tensor(shape: readonly number[], data: unknown, datatype = "FP32"): object {
  return { inputs: [{ name: "in", datatype, shape, data }] };
}

function nested(depth: number, value: string): string {
  const data = "[".repeat(depth) + value + "]".repeat(depth);
  return `{"inputs":[{"name":"in","datatype":"BYTES","shape":[1],"data":${data}}]}`;
}

/** What a body may have here; the suite sends more than Triton's 64 MiB. */
const limit = 256 * 1024;

const ofFloats: readonly OutsideCase[] = [
  {
    name: "raw_binary",
    asks: { path: infer, body: floats(...numbers.slice(0, 8)), headers: isRaw },
    theirs: "the same bytes, behind the answer's JSON",
    ours: { status: 200, bytes: floats(...numbers.slice(0, 8)), json: { outputs: [{ shape: [8] }] } },
  },
  {
    name: "raw_binary_longer",
    asks: { path: infer, body: floats(...numbers), headers: isRaw },
    theirs: "the free dimension is what the size of the body makes it",
    ours: { status: 200, bytes: floats(...numbers), json: { outputs: [{ shape: [32] }] } },
  },
  {
    name: "content_encoding_chunked_manually",
    asks: { path: infer, body: [floats(...numbers.slice(0, 3)), floats(...numbers.slice(3, 8))], headers: isRaw },
    theirs: "a chunked body is one body",
    ours: { status: 200, bytes: floats(...numbers.slice(0, 8)) },
  },
  {
    name: "buffer_size_overflow: the count of elements",
    asks: { path: infer, body: tensor([2 ** 4, 2 ** 60 + 2], [1]) },
    theirs: "400",
    ours: { status: 400, code: "BadShape" },
  },
  {
    name: "buffer_size_overflow: the count of bytes",
    asks: { path: infer, body: tensor([2 ** 2, 2 ** 60 + 2], [1]) },
    theirs: "400",
    ours: { status: 400, code: "BadShape" },
  },
  {
    name: "negative_dimensions",
    asks: { path: infer, body: tensor([2, -5], [1]) },
    theirs: "500",
    because: "the request is wrong and not the server",
    ours: { status: 400, code: "BadShape" },
  },
  {
    name: "duplicate_output_names",
    asks: { path: infer, body: { ...tensor([1], [1]), outputs: [{ name: "out" }, { name: "out" }] } },
    theirs: "400",
    ours: { status: 400, code: "DuplicateOutput" },
  },
  {
    name: "inference_header_content_length_out_of_range",
    asks: { path: infer, body: tensor([1], [1]), headers: { "inference-header-content-length": "99999999999" } },
    theirs: "400, and the server lives",
    ours: { status: 400, code: "BadHeaderLength" },
  },
  {
    name: "no_leak_on_invalid_inference_header_length",
    asks: {
      path: infer,
      body: gzipSync(JSON.stringify(tensor([1], [1]))),
      headers: { "inference-header-content-length": "999999", "content-encoding": "gzip" },
    },
    theirs: "400: the length is beyond the body, compressed or not",
    ours: { status: 400, code: "BadHeaderLength" },
  },
  {
    name: "default_limit_raw_binary: above it",
    asks: { path: infer, body: Buffer.alloc(limit + 4), headers: isRaw },
    theirs: "400",
    because: "HTTP has a status of its own for it",
    ours: { status: 413, code: "BodyTooLarge" },
  },
  {
    name: "default_limit_raw_binary: below it",
    asks: { path: infer, body: Buffer.alloc(limit - 4), headers: isRaw },
    theirs: "200",
    ours: { status: 200, bytes: Buffer.alloc(limit - 4) },
  },
  {
    name: "default_limit_json",
    asks: {
      path: infer,
      body: tensor(
        [limit],
        Array.from({ length: limit }, () => 1),
      ),
    },
    theirs: "400",
    because: "HTTP has a status of its own for it",
    ours: { status: 413, code: "BodyTooLarge" },
  },
  {
    name: "default_limit_compressed",
    asks: { path: infer, body: gzipSync(Buffer.alloc(limit + 4)), headers: { ...isRaw, "content-encoding": "gzip" } },
    theirs: "400: it is the size after inflation that counts",
    because: "HTTP has a status of its own for it",
    ours: { status: 413, code: "BodyTooLarge" },
  },
  {
    name: "json_dtype_size_expansion_exceeds_limit_error",
    asks: { path: infer, body: tensor([limit], "AAAA") },
    theirs: "400: a text is no data of numbers, and takes no memory for them",
    ours: { status: 400, code: "WrongField" },
  },
  {
    name: "http_request_many_chunks: more than 65,536",
    asks: {
      raw: `POST ${infer} HTTP/1.1\r\nhost: m\r\nconnection: close\r\ninference-header-content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n${"1\r\nA\r\n".repeat(65_540)}0\r\n\r\n`,
    },
    theirs: "400",
    because: "a chunk costs no memory of its own here, so their number needs no bound",
    ours: { text: /^HTTP\/1\.1 200 / },
  },
  {
    name: "repository_index_deeply_nested_json: no boolean",
    asks: { path: "/v2/repository/index", body: { ready: [true] } },
    theirs: "400, with what ready must be",
    ours: { status: 400, code: "WrongField" },
  },
  {
    name: "repository_index_deeply_nested_json",
    asks: { path: "/v2/repository/index", body: `{"ready":${"[".repeat(10_000)}true${"]".repeat(10_000)}}` },
    theirs: "400, and the server lives",
    ours: { status: 400, code: "TooDeep" },
  },
  {
    name: "repository_index_deeply_nested_json: of 500 KB",
    asks: { path: "/v2/repository/index", body: `{"ready":${"[".repeat(250_000)}true${"]".repeat(250_000)}}` },
    theirs: "400",
    because: "it is more than such a request may have",
    ours: { status: 413, code: "BodyTooLarge" },
  },
  {
    name: "loading_large_invalid_model, load_oversized_file_parameter",
    asks: { path: "/v2/repository/models/m/load", body: { parameters: { [`file:${"A".repeat(256)}`]: "YQ==" } } },
    theirs: "no success, and the server lives",
    ours: { status: 404, code: "UnknownPath" },
  },
  ...(
    [
      ["deflate", deflateSync],
      ["gzip", gzipSync],
    ] as const
  ).flatMap(([encoding, compress]): OutsideCase[] => [
    {
      name: `data_compression: ${encoding}, JSON`,
      asks: {
        path: infer,
        body: compress(JSON.stringify(tensor([2], [1, 2]))),
        headers: { "content-encoding": encoding },
      },
      theirs: "what it is without compression",
      ours: { status: 200, json: { outputs: [{ data: [1, 2] }] } },
    },
    {
      name: `data_compression: ${encoding}, raw binary`,
      asks: { path: infer, body: compress(floats(1, 2)), headers: { ...isRaw, "content-encoding": encoding } },
      theirs: "what it is without compression",
      ours: { status: 200, bytes: floats(1, 2) },
    },
    {
      name: `data_compression: not ${encoding}, though it says so`,
      asks: { path: infer, body: tensor([2], [1, 2]), headers: { "content-encoding": encoding } },
      theirs: "400",
      ours: { status: 400, code: "BadCompression" },
    },
  ]),
];

describeSuite("Triton L0_http: floats of any length", echoModel("float32"), ofFloats, {
  [environment.bodyLimit]: String(limit),
});

describeSuite("Triton L0_http: one text", echoModel("string", [1]), [
  {
    name: "byte",
    asks: { path: infer, body: "427", headers: isRaw },
    theirs: "the body is the one text, and comes back with its length",
    ours: { status: 200, bytes: texts("427") },
  },
  {
    name: "json_recursion_depth_limit: 50 deep",
    asks: { path: infer, body: nested(50, '"hello"') },
    theirs: "200, whatever the shape says",
    because: "data is flat or nested as its shape is",
    ours: { status: 400, code: "WrongElement" },
  },
  {
    name: "json_recursion_depth_limit: 120 deep",
    asks: { path: infer, body: nested(120, '"hello"') },
    theirs: "refused",
    ours: { status: 400, code: "TooDeep" },
  },
]);

describeSuite("Triton L0_http: texts of any number", echoModel("string"), [
  {
    name: "byte_too_many_elements",
    asks: { path: infer, body: "427", headers: isRaw },
    theirs: "400, as the model takes more than one",
    because: "one text is a number of texts that this model takes",
    ours: { status: 200, bytes: texts("427"), json: { outputs: [{ shape: [1] }] } },
  },
]);

describeSuite("Triton L0_http: two free dimensions", echoModel("float16", ["rows", "columns"]), [
  {
    name: "multi_variable_dimensions",
    asks: { path: infer, body: Buffer.alloc(8), headers: isRaw },
    theirs: "400, as the body does not say its shape",
    ours: { status: 400, code: "NotRaw" },
  },
]);

const pair = { a: [1, 2, 3, 4], b: [1, 2, 3, 4] };
const inputs = Object.entries(pair).map(([name, data]) => ({ name, datatype: "INT32", shape: [1, 4], data }));
const [sum, difference] = [integers(2, 4, 6, 8), integers(0, 0, 0, 0)];

function outputs(first: boolean | undefined, second: boolean | undefined): object[] {
  const one = (name: string, isBinary: boolean | undefined): object =>
    isBinary === undefined ? { name } : { name, parameters: { binary_data: isBinary } };
  return [one("sum", first), one("difference", second)];
}

describeSuite("Triton L0_http: two inputs and two outputs", simpleModel(), [
  {
    name: "multi_inputs",
    asks: { path: infer, body: integers(1, 2, 3, 4, 1, 2, 3, 4), headers: isRaw },
    theirs: "400, as the body is one tensor",
    ours: { status: 400, code: "NotRaw" },
  },
  {
    name: "no parameters, no outputs",
    asks: { path: infer, body: { inputs } },
    theirs: "all outputs as JSON",
    ours: { status: 200, json: { outputs: [{ data: [2, 4, 6, 8] }, { data: [0, 0, 0, 0] }] } },
  },
  {
    name: "binary_data true, and false",
    asks: { path: infer, body: { inputs, outputs: outputs(true, false) } },
    theirs: "the first in binary form, the second as JSON",
    ours: { status: 200, bytes: sum, json: { outputs: [{ name: "sum" }, { data: [0, 0, 0, 0] }] } },
  },
  {
    name: "binary_data true, and not given",
    asks: { path: infer, body: { inputs, outputs: outputs(true, undefined) } },
    theirs: "the first in binary form, the second as JSON",
    ours: { status: 200, bytes: sum, json: { outputs: [{ name: "sum" }, { data: [0, 0, 0, 0] }] } },
  },
  {
    name: "binary_data_output, no outputs",
    asks: { path: infer, body: { parameters: { binary_data_output: true }, inputs } },
    theirs: "all in binary form",
    ours: { status: 200, bytes: Buffer.concat([sum, difference]) },
  },
  {
    name: "binary_data_output, binary_data false, and not given",
    asks: {
      path: infer,
      body: { parameters: { binary_data_output: true }, inputs, outputs: outputs(false, undefined) },
    },
    theirs: "the first as JSON, the second in binary form",
    ours: { status: 200, bytes: difference, json: { outputs: [{ data: [2, 4, 6, 8] }, { name: "difference" }] } },
  },
  {
    name: "data shorter than its shape",
    asks: { path: infer, body: { inputs: [{ ...inputs[0], data: [1, 2, 3] }] } },
    theirs: "refused",
    ours: { status: 400, code: "WrongCount" },
  },
  {
    name: "data longer than its shape",
    asks: { path: infer, body: { inputs: [{ ...inputs[0], data: [1, 2, 3, 4, 5] }] } },
    theirs: "refused",
    ours: { status: 400, code: "WrongCount" },
  },
]);
