/** The same mistakes over every protocol: each is told by the same code, and the next request is served. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { onnxModel } from "../../fixtures/onnx.ts";
import { frame, inference, inferPath, openSession, send } from "./grpc/client.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";

/** `y = x + x`, and `m` is passed on. */
const model = onnxModel({
  nodes: [
    { operator: "Add", inputs: ["x", "x"], outputs: ["y"] },
    { operator: "Identity", inputs: ["m"], outputs: ["m_out"] },
  ],
  inputs: [
    { name: "x", elementType: "float32", dims: ["batch", 2] },
    { name: "m", elementType: "int64", dims: [1] },
  ],
  outputs: [
    { name: "y", elementType: "float32", dims: ["batch", 2] },
    { name: "m_out", elementType: "int64", dims: [1] },
  ],
});

interface Input {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly parameters?: Readonly<Record<string, string>>;
}

interface Request {
  readonly inputs: readonly Input[];
  readonly outputs?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly model?: string;
  readonly version?: string;
  /** Behind all else that is sent. */
  readonly more?: Buffer;
}

const x: Input = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const m: Input = { name: "m", datatype: "INT64", shape: [1], data: [3] };
const good: Request = { inputs: [x, m] };

/** How a request is sent over a protocol, and the code with which it is refused; "" where it is not. */
type Ask = (server: RunningServer, request: Request) => Promise<string>;

const protocols = {
  columns: (server, { inputs, model: name = "m" }) =>
    codeOf(post(`${server.url}/v1/models/${name}:predict`, { inputs: valuesOf(inputs) })),
  predict: (server, { inputs }) => codeOf(post(`${server.url}/predict`, { input_data: valuesOf(inputs) })),
  json: (server, request) => codeOf(post(inferUrl(server, request), v2(request, request.inputs))),
  binary(server, request) {
    const data = request.inputs.map(bytesOf);
    const inputs = request.inputs.map((input, at) => ({
      ...input,
      data: undefined,
      parameters: { ...input.parameters, binary_data_size: data[at]?.length },
    }));
    const head = Buffer.from(JSON.stringify(v2(request, inputs)));
    const body = Buffer.concat([head, ...data, request.more ?? Buffer.alloc(0)]);
    const headers = { "inference-header-content-length": String(head.length) };
    return codeOf(call(inferUrl(server, request), { body, headers }));
  },
  typed(server, request) {
    const inputs = request.inputs.map(({ data, ...input }) => ({
      ...protoInput(input),
      contents: input.datatype === "FP32" ? { fp32_contents: data } : { int64_contents: data },
    }));
    return grpcCode(server, { ...protoRequest(request), inputs });
  },
  raw: (server, request) =>
    grpcCode(server, {
      ...protoRequest(request),
      inputs: request.inputs.map(protoInput),
      raw_input_contents: request.inputs.map(bytesOf),
    }),
} as const satisfies Readonly<Record<string, Ask>>;

type Protocol = keyof typeof protocols;

/** One code for all that are named, or one for each. */
type Expected = Partial<Record<Protocol, string>>;
const inAll = (code: string): Expected => Object.fromEntries(Object.keys(protocols).map((name) => [name, code]));
/** Where a request names its tensors itself. */
const inV2 = (code: string): Expected => ({ json: code, binary: code, typed: code, raw: code });

const table: readonly (readonly [string, Request, Expected])[] = [
  ["nothing at all", good, inAll("")],
  ["a missing input", { inputs: [x] }, inAll("MissingInput")],
  ["an unknown input", { inputs: [x, m, { ...m, name: "z" }] }, inAll("UnknownInput")],
  ["an input twice", { inputs: [x, x, m] }, inV2("DuplicateInput")],
  ["a wrong datatype", { inputs: [{ ...x, datatype: "INT64" }, m] }, inV2("WrongDatatype")],
  ["a datatype that is none", { inputs: [{ ...x, datatype: "FLOAT" }, m] }, inV2("WrongDatatype")],
  ["a wrong size", { inputs: [{ ...x, shape: [1, 3], data: [1, 2, 3] }, m] }, inV2("WrongShape")],
  ["a wrong rank", { inputs: [{ ...x, shape: [2] }, m] }, inV2("WrongShape")],
  ["a negative size", { inputs: [{ ...x, shape: [-1, 2] }, m] }, inV2("BadShape")],
  ["sizes whose product overflows", { inputs: [{ ...x, shape: [2 ** 31 - 1, 2 ** 31 - 1] }, m] }, inV2("BadShape")],
  ["a size of more than 32 bits", { inputs: [{ ...x, shape: [2 ** 32 + 1, 2] }, m] }, inV2("BadShape")],
  ["a size that no number has", { inputs: [{ ...x, shape: [2 ** 60, 2] }, m] }, inV2("BadShape")],
  [
    "fewer elements than the shape says",
    { inputs: [{ ...x, shape: [2, 2], data: [1, 2, 3] }, m] },
    { json: "WrongCount", typed: "WrongCount", binary: "WrongByteCount", raw: "WrongByteCount" },
  ],
  [
    "more elements than the shape says",
    { inputs: [{ ...x, data: [1, 2, 3] }, m] },
    { json: "WrongCount", typed: "WrongCount", binary: "WrongByteCount", raw: "WrongByteCount" },
  ],
  [
    "a shape of a billion rows with one of them",
    { inputs: [{ ...x, shape: [1e9, 2] }, m] },
    { json: "WrongCount", typed: "WrongCount", binary: "WrongByteCount", raw: "WrongByteCount" },
  ],
  ["bytes behind the last tensor", { ...good, more: Buffer.alloc(4) }, { binary: "LeftoverBytes" }],
  ["an unknown output", { ...good, outputs: ["z"] }, inV2("UnknownOutput")],
  ["an output twice", { ...good, outputs: ["y", "y"] }, inV2("DuplicateOutput")],
  ["a parameter that would have no effect", { ...good, parameters: { tree: "oak" } }, inV2("UnsupportedParameter")],
  [
    "a parameter of an input that would have no effect",
    { inputs: [{ ...x, parameters: { tree: "oak" } }, m] },
    inV2("UnsupportedParameter"),
  ],
  ["an unknown model", { ...good, model: "other" }, { columns: "UnknownModel", ...inV2("UnknownModel") }],
  ["an unknown version", { ...good, version: "v9" }, inV2("UnknownVersion")],
];

describe("over every protocol", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ files: { "model.onnx": model }, variables: { SLIPWAY_BODY_LIMIT_BYTES: "100000" } });
  });
  after(() => server.stop());

  for (const [name, request, expected] of table) {
    test(name, async () => {
      for (const [protocol, code] of Object.entries(expected) as [Protocol, string][]) {
        assert.equal(await protocols[protocol](server, request), code, protocol);
        assert.equal(await protocols[protocol](server, good), "", `${protocol}, the next request`);
      }
    });
  }

  test("a body over the bound", async () => {
    const large: Request = { inputs: [{ ...x, shape: [30_000, 2], data: Array.from({ length: 60_000 }, () => 1) }, m] };
    for (const protocol of Object.keys(protocols) as Protocol[]) {
      assert.equal(await protocols[protocol](server, large), "BodyTooLarge", protocol);
      assert.equal(await protocols[protocol](server, good), "", protocol);
    }
  });

  test("headers and metadata that nobody knows are read past", async () => {
    const unknown = { "x-team": "a", baggage: "k=v", forwarded: "for=1.2.3.4" };
    assert.equal((await post(`${server.url}/v2/models/m/infer`, v2(good, good.inputs), unknown)).status, 200);
    const request = protocolMessage(good);
    const outcome = await send(openSession(server.port), inferPath, request, { ...unknown, "trace-bin": "AAAA" });
    assert.equal(outcome.status, 0);
  });

  test("a length of the JSON before binary data beyond the body, or none", async () => {
    const head = Buffer.from(
      JSON.stringify(v2(good, [{ ...x, data: undefined, parameters: { binary_data_size: 8 } }, m])),
    );
    const body = Buffer.concat([head, bytesOf(x)]);
    const url = inferUrl(server, good);
    const ask = (length: string): Promise<string> =>
      codeOf(call(url, { body, headers: { "inference-header-content-length": length } }));
    assert.equal(await ask(String(head.length)), "");
    assert.equal(await ask(String(body.length + 1)), "BadHeaderLength");
    assert.equal(await ask(String(head.length + 4)), "MissingBytes");
    assert.equal(await ask(String(head.length - 1)), "NotJson");
    assert.equal(await codeOf(call(url, { body: head })), "NoHeaderLength");
    const cut = { body: body.subarray(0, -4), headers: { "inference-header-content-length": String(head.length) } };
    assert.equal(await codeOf(call(url, cut)), "MissingBytes");
  });

  test("none of it was the server's fault, and nothing of it is left", async () => {
    const { text } = await call(`${server.metricsUrl}/metrics`);
    assert.doesNotMatch(text, /slipway_requests_total\{[^}]*code="5\d\d"/);
    assert.match(text, /^slipway_workers_replaced_total\{.*\} 0$/m);
    await eventually("nothing is in flight", async () =>
      /^slipway_requests_in_flight\{.*\} 0$/m.test((await call(`${server.metricsUrl}/metrics`)).text),
    );
    assert.deepEqual(
      server.log().filter(({ level }) => level >= 50),
      [],
    );
  });
});

/** Rows of `x` nested; the others as they are. */
function valuesOf(inputs: readonly Input[]): object {
  return Object.fromEntries(
    inputs.map(({ name, data }) => [
      name,
      name === "x" ? data.flatMap((value, at) => (at % 2 === 0 ? [[value, data[at + 1]]] : [])) : data,
    ]),
  );
}

function inferUrl(server: RunningServer, { model: name = "m", version }: Request): string {
  const of = version === undefined ? "" : `/versions/${version}`;
  return `${server.url}/v2/models/${name}${of}/infer`;
}

function v2({ outputs, parameters }: Request, inputs: readonly object[]): object {
  return { inputs, parameters, outputs: outputs?.map((name) => ({ name })) };
}

function bytesOf({ name, data }: Input): Buffer {
  const typed = name === "x" ? Float32Array.from(data) : BigInt64Array.from(data.map(BigInt));
  return Buffer.from(typed.buffer);
}

async function codeOf(answer: ReturnType<typeof call>): Promise<string> {
  const { status, json } = await answer;
  if (status === 200) return "";
  assert.ok(status >= 400 && status < 500, `status ${status}`);
  return (json as { readonly code: string }).code;
}

type ProtoObject = Parameters<typeof inference.encode>[1];

function protoInput({ name, datatype, shape, parameters }: Omit<Input, "data">): ProtoObject {
  return { name, datatype, shape: shape.map(BigInt), ...protoParameters(parameters) };
}

function protoRequest({ model: name = "m", version = "", outputs = [], parameters }: Request): ProtoObject {
  return {
    model_name: name,
    model_version: version,
    outputs: outputs.map((output) => ({ name: output })),
    ...protoParameters(parameters),
  };
}

function protoParameters(parameters: Readonly<Record<string, string>> = {}): ProtoObject {
  const entries = Object.entries(parameters).map(([key, value]) => ({ key, value: { string_param: value } }));
  return entries.length === 0 ? {} : { parameters: entries };
}

function protocolMessage(request: Request): Buffer {
  const raw = { raw_input_contents: request.inputs.map(bytesOf) };
  const message = { ...protoRequest(request), inputs: request.inputs.map(protoInput), ...raw };
  return frame(inference.encode("ModelInferRequest", message));
}

/** The status says the same as the code: never that the server is at fault. */
async function grpcCode(server: RunningServer, request: ProtoObject): Promise<string> {
  const session = openSession(server.port);
  const { status, trailers } = await send(session, inferPath, frame(inference.encode("ModelInferRequest", request)));
  session.destroy();
  if (status === 0) return "";
  assert.ok([3, 5, 8].includes(status), `status ${status}`);
  return String(trailers["problem-code"]);
}
