import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { FuzzRequest } from "./good-requests.ts";
import type { Random } from "./random.ts";

/** A request with something wrong in it, most of the time: by bytes, by words of JSON, by its headers or its packing. */
export function mutate(request: FuzzRequest, random: Random): FuzzRequest {
  let mutated = request;
  for (let times = 1 + random.below(3); times > 0; times--) {
    mutated = random.pick(mutated.protocol === "grpc" ? grpcMutations : httpMutations)(mutated, random);
  }
  return mutated;
}

type Mutation = (request: FuzzRequest, random: Random) => FuzzRequest;

/** What stands for a value where another one is expected. */
const words: readonly [string, ...string[]] = [
  "null",
  "true",
  "{}",
  "[]",
  "[[]]",
  '""',
  '"NaN"',
  "NaN",
  "-0",
  "-1",
  "0",
  "1e999",
  "1e39",
  "-1e-400",
  "0.1.2",
  "01",
  "2147483648",
  "4294967296",
  "9223372036854775807",
  "9223372036854775808",
  "9007199254740993",
  "99999999999999999999",
  '"\\ud800"',
  '"\\u0000"',
  '{"b64":"AAAA"}',
  '{"b64":"%"}',
  '"__proto__"',
  "[[[[[[1]]]]]]",
  "\u{feff}",
  "'a'",
  "//",
];
const names: readonly [string, ...string[]] = [
  "inputs",
  "instances",
  "outputs",
  "name",
  "datatype",
  "shape",
  "data",
  "parameters",
  "binary_data_size",
  "id",
  "x",
  "m",
  "s",
  "__proto__",
  "constructor",
  "input_data",
  "binary_data_output",
  "sequence_id",
  "signature_name",
  "",
];
const datatypes: readonly [string, ...string[]] = [
  "BOOL",
  "UINT8",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "UINT64",
  "FP16",
  "BF16",
  "FP32",
  "FP64",
  "BYTES",
  "fp32",
  "",
];

const bytes: Mutation = (request, random) => {
  const { body } = request;
  const at = random.below(body.length + 1);
  const length = random.below(Math.min(body.length - at + 1, 64));
  const changed = random.pick([
    () => Buffer.concat([body.subarray(0, at), Buffer.of(random.below(256)), body.subarray(at + 1)]),
    () => Buffer.concat([body.subarray(0, at), Buffer.of(random.below(256)), body.subarray(at)]),
    () => Buffer.concat([body.subarray(0, at), body.subarray(at + length)]),
    () => Buffer.concat([body.subarray(0, at + length), body.subarray(at)]),
    () => body.subarray(0, at),
    () => Buffer.concat([body, Buffer.alloc(1 + random.below(64), random.below(256))]),
  ]);
  return { ...request, body: changed() };
};

/** One token of the JSON becomes another one. */
const tokens: Mutation = (request, random) => {
  const text = request.body.toString("latin1");
  const found = [...text.matchAll(/-?\d+(?:\.\d+)?|"[^"]*"|\[|\]|\{|\}|,|:/g)];
  const chosen = found[random.below(found.length)];
  if (chosen === undefined) return bytes(request, random);
  const [token] = chosen;
  const other = random.pick<() => string>([
    () => Buffer.from(random.pick(words)).toString("latin1"),
    () => `"${random.pick(names)}"`,
    () => `"${random.pick(datatypes)}"`,
    () => token + token,
    () => "",
    () => random.pick(["[", "]", "{", "}", ",", ":", " ", "\t", "\0"]),
    () => `${token}${"[".repeat(random.below(200))}`,
  ])();
  const changed = text.slice(0, chosen.index) + other + text.slice(chosen.index + token.length);
  return { ...request, body: Buffer.from(changed, "latin1") };
};

const headers: Mutation = (request, random) => {
  const [name, values] = random.pick<readonly [string, readonly [string, ...string[]]]>([
    ["content-type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]],
    ["content-encoding", ["gzip", "deflate", "zstd", "br", "identity", "gzip, gzip", ""]],
    ["inference-header-content-length", ["0", "1", "17", "-1", "1e3", "99999999999999999999", "x", ""]],
    ["accept-encoding", ["gzip", "*;q=0", "zstd, br", "identity;q=0"]],
    ["expect", ["100-continue", "200-ok"]],
    ["x-request-id", ["a".repeat(500), "\u00e9", "a b"]],
    ["grpc-timeout", ["1n", "0S", "99999999H", "x", "123456789S"]],
    ["grpc-encoding", ["gzip", "identity", "snappy", ""]],
    ["traceparent", ["00-0-0-0", "x"]],
    ["origin", ["null", "http://a", "x"]],
  ]);
  return { ...request, headers: { ...request.headers, [name]: random.pick(values) } };
};

const connection: Mutation = (request, random) => ({
  ...request,
  headers: { ...request.headers, connection: random.pick(["close", "upgrade", "keep-alive, x"]) },
});

/** Packed as it says, or otherwise. */
const packing: Mutation = (request, random) => {
  const pack = random.pick([gzipSync, deflateSync, zstdCompressSync]);
  const encoding = random.pick(["gzip", "deflate", "zstd"]);
  return { ...request, body: pack(request.body), headers: { ...request.headers, "content-encoding": encoding } };
};

const path: Mutation = (request, random) => ({
  ...request,
  path: random.pick([
    "/predict",
    "/v1/models/m:predict",
    "/v2/models/m/infer",
    "/v2/models/m/versions/1/infer",
    "/v2/models/x/infer",
    "/v1/models/m",
    "/v2/models/m",
    "/v2/health/ready",
    "/v2/repository/index",
    "/invocations",
    "/v1/models/m:regress",
    "/%zz",
    "/..%2f",
    "//",
    "/page/recent",
    "/",
  ]),
});

const method: Mutation = (request, random) => ({
  ...request,
  path: `/inference.GRPCInferenceService/${random.pick([
    "ModelInfer",
    "ServerLive",
    "ServerReady",
    "ModelReady",
    "ServerMetadata",
    "ModelMetadata",
    "ModelConfig",
    "ModelStatistics",
    "RepositoryIndex",
    "RepositoryModelLoad",
    "Nothing",
    "",
  ])}`,
});

/** The message as the prefix of a frame says: another length, or flags. */
const prefix: Mutation = (request, random) => {
  const body = Buffer.from(request.body);
  if (body.length < 5) return bytes(request, random);
  if (random.oneIn(2)) body[0] = random.below(4);
  else body.writeUInt32BE(random.pick([0, 1, body.length, body.length - 6, 2 ** 31, 2 ** 32 - 1]) >>> 0, 1);
  return { ...request, body };
};

const httpMutations: readonly [Mutation, ...Mutation[]] = [
  bytes,
  bytes,
  tokens,
  tokens,
  tokens,
  headers,
  connection,
  packing,
  path,
];
const grpcMutations: readonly [Mutation, ...Mutation[]] = [bytes, bytes, bytes, headers, method, prefix];
