import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, before, describe, test } from "node:test";
import { commands } from "../../../cli/commands.ts";
import { protocols } from "../../../cli/predict/protocol.ts";
import { run } from "../../../cli/run.ts";
import { environment } from "../../../server/contract.ts";
import { testEdge, type TestEdgeOptions } from "../../../cli/test-edge.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { type ElementType, onnxModel } from "../../fixtures/onnx.ts";
import { type RunningServer, startServer } from "../server/harness.ts";

interface Ran {
  readonly code: number;
  readonly written: string;
  readonly said: string;
}

/** In this process: a process for each of so many calls would take minutes. */
async function predict(
  url: string,
  words: readonly string[],
  input: string,
  options: TestEdgeOptions = {},
): Promise<Ran> {
  const edge = testEdge({ ...options, input });
  const all = ["predict", "m", "--url", url, "--json", "-", ...words];
  const code = await run(all, edge, { commands, version: "0" });
  return { code, written: edge.written(), said: edge.said() };
}

const types: readonly (readonly [type: ElementType, datatype: string, values: string])[] = [
  ["bool", "BOOL", "true,false"],
  ["uint8", "UINT8", "0,255"],
  ["uint16", "UINT16", "0,65535"],
  ["uint32", "UINT32", "0,4294967295"],
  ["uint64", "UINT64", "9007199254740993,18446744073709551615"],
  ["int8", "INT8", "-128,127"],
  ["int16", "INT16", "-32768,32767"],
  ["int32", "INT32", "-2147483648,2147483647"],
  ["int64", "INT64", "-9223372036854775808,9223372036854775807"],
  ["float16", "FP16", '0.5,"NaN"'],
  ["float32", "FP32", '0.5,"-Infinity"'],
  ["float64", "FP64", "0.1,1.7976931348623157e+308"],
  ["string", "BYTES", '"","grüße \\"q\\""'],
];

let server: RunningServer;
before(async () => {
  const tensors = (end: string) =>
    types.map(([elementType]) => ({ name: `${elementType}_${end}`, elementType, dims: ["n"] as const }));
  const nodes = types.map(([type]) => ({ operator: "Identity", inputs: [`${type}_in`], outputs: [`${type}_out`] }));
  const model = onnxModel({ nodes, inputs: tensors("in"), outputs: tensors("out") });
  server = await startServer({ files: { "model.onnx": model } });
});
after(() => server.stop());

/** The same values as each form of JSON has them. */
const forms = {
  v2: `{"id":"7","inputs":[${types.map(([type, datatype, values]) => `{"name":"${type}_in","datatype":"${datatype}","shape":[2],"data":[${values}]}`).join(",")}]}`,
  v1: `{"inputs":{${types.map(([type, , values]) => `"${type}_in":[${values}]`).join(",")}}}`,
  rows: `{"instances":[${[0, 1].map((row) => `{${types.map(([type, , values]) => `"${type}_in":${values.split(",")[row] ?? ""}`).join(",")}}`).join(",")}]}`,
  predict: `{${types.map(([type, , values]) => `"${type}_in":[${values}]`).join(",")}}`,
};

describe("a request in any form of JSON, by every protocol", () => {
  for (const [form, body] of Object.entries(forms)) {
    for (const protocol of protocols) {
      test(`${form} by ${protocol}`, async () => {
        const { code, written, said } = await predict(server.url, ["--protocol", protocol, "-o", "json"], body);
        assert.equal(code, 0, said);
        const outputs = types.map(
          ([type, datatype, values]) =>
            `{"name":"${type}_out","datatype":"${datatype}","shape":[2],"data":[${values}]}`,
        );
        const hasId = form === "v2" && protocol !== "v1" && protocol !== "predict";
        const head = `{"model_name":"m","model_version":"v1",${hasId ? '"id":"7",' : ""}"outputs":[`;
        assert.equal(written.trim(), `${head}${outputs.join(",")}]}`);
      });
    }
  }

  test("is shown alike", async () => {
    const shown = await Promise.all(
      protocols.map(async (protocol) => {
        const { written, said } = await predict(server.url, ["--protocol", protocol], forms.v2);
        assert.match(said, new RegExp(`^${protocol}: 0\\.0 ms, [\\d.]+ (B|KiB) sent, [\\d.]+ (B|KiB) received\\n$`));
        return written;
      }),
    );
    for (const text of shown) assert.equal(text, shown[0]);
    assert.match(shown[0] ?? "", /int64_out {2}INT64 {2}\[2\]\n {2}-9223372036854775808, 9223372036854775807\n/);
    const asIs = await predict(server.url, [], forms.predict);
    assert.equal(asIs.written, shown[0]);
  });
});

test("outputs are chosen by the protocols that can, and the others say so", async () => {
  const asked = forms.v2.replace('"inputs"', '"outputs":[{"name":"int8_out"}],"inputs"');
  for (const protocol of ["v2", "binary", "grpc"]) {
    const { written } = await predict(server.url, ["--protocol", protocol], asked);
    assert.equal(written, "int8_out  INT8  [2]\n  -128, 127\n", protocol);
  }
  const { code, said } = await predict(server.url, ["--protocol", "v1"], asked);
  assert.equal(code, 1);
  assert.match(said, /asks for the outputs int8_out, and v1 gives all of them/);
});

test("a request that does not fit the model is told before it is sent", async () => {
  const { code, said } = await predict(server.url, ["--protocol", "grpc"], '{"int8_in":[1000]}');
  assert.equal(code, 1);
  assert.match(said, /^error: standard input does not fit the model: .*1000.*integers from -128 to 127/);
  const unknown = await predict(server.url, ["--protocol", "binary"], '{"y":[1]}');
  assert.match(unknown.said, /does not fit the model: .*"y"/);
});

test("the server's own words are shown with gRPC's name of the status", async () => {
  // Inputs that are left out are the server's to miss.
  const missing = await predict(server.url, ["--protocol", "grpc"], '{"int8_in":[1]}');
  assert.equal(missing.code, 1);
  assert.match(missing.said, /refused the request \(INVALID_ARGUMENT\): input "bool_in" is missing/);
  const edge = testEdge({ input: "[1]" });
  await run(["predict", "other", "--url", server.url, "--json", "-", "--protocol", "grpc"], edge, {
    commands,
    version: "0",
  });
  assert.match(edge.said(), /refused the request \(NOT_FOUND\): model "other" is not served here/);
});

test("a server that ends its connections after each answer is asked all the same", async () => {
  const files = { "model.onnx": identityModel() };
  const aged = await startServer({ files, variables: { [environment.connectionMaximumAge]: "0.001" } });
  try {
    for (let round = 0; round < 10; round++) {
      const { code, said } = await predict(aged.url, ["--protocol", "grpc"], "[[1,2,3,4]]");
      assert.equal(code, 0, said);
    }
  } finally {
    await aged.stop();
  }
});

test("a large request tells how far it is, and arrives whole, by every protocol", async () => {
  const large = await startServer({
    files: {
      "model.onnx": onnxModel({
        nodes: [{ operator: "ReduceSum", inputs: ["x"], outputs: ["y"] }],
        inputs: [{ name: "x", elementType: "float32", dims: ["n"] }],
        outputs: [{ name: "y", elementType: "float32", dims: [1] }],
      }),
    },
  });
  try {
    const count = 1_000_000;
    const body = `[${"1,".repeat(count - 1)}1]`;
    for (const protocol of protocols) {
      const ran = await predict(large.url, ["--protocol", protocol], body, { isTerminal: true });
      assert.equal(ran.code, 0, ran.said);
      assert.match(ran.written, /FP32.*\n {2}1000000\n$/);
      assert.match(ran.said, /sending to http.* \d+% /, protocol);
    }
  } finally {
    await large.stop();
  }
});

describe("whoever does not speak gRPC is told from who does", () => {
  const servers: Server[] = [];
  after(() => {
    for (const one of servers) one.close();
  });
  const listen = async (one: Server): Promise<string> => {
    servers.push(one);
    await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
  };
  const asked = async (url: string, words: readonly string[] = []): Promise<string> => {
    const { code, said } = await predict(url, ["--protocol", "grpc", ...words], "[1]");
    assert.equal(code, 1);
    return said;
  };

  test("a server of HTTP/1.1", async () => {
    const url = await listen(createHttpServer((_request, response) => response.end("hello")));
    assert.match(await asked(url), /127\.0\.0\.1:\d+ does not speak HTTP\/2, which gRPC goes by/);
  });
  test("one that closes", async () => {
    const url = await listen(createServer((socket) => socket.destroy()));
    assert.match(await asked(url), /cut the connection: is it a server of gRPC\?/);
  });
  test("one that says nothing", async () => {
    const url = await listen(createServer());
    assert.match(await asked(url, ["--timeout", "1"]), /did not answer in time: give it longer with --timeout/);
  });
  test("a server of HTTP/2 with a page", async () => {
    const site = createHttp2Server();
    site.on("stream", (stream) => {
      stream.respond({ ":status": 404, "content-type": "text/html" });
      stream.end("<html>");
    });
    assert.match(await asked(await listen(site)), /answered with status 404 and not as gRPC does/);
  });
  test("one that cuts a call off", async () => {
    const site = createHttp2Server();
    site.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(Buffer.alloc(3), () => stream.session?.destroy());
    });
    assert.match(await asked(await listen(site)), /cut the connection/);
  });
  const statuses: readonly (readonly [code: string, says: RegExp])[] = [
    ["12", /speaks gRPC, but no inference\.GRPCInferenceService \(UNIMPLEMENTED\): a b\. Is it the model's server\?/],
    ["14", /cannot be asked now \(UNAVAILABLE\): a b/],
    ["4", /did not answer in time \(DEADLINE_EXCEEDED\): a b\. --timeout SECONDS/],
    ["99", /refused the request \(status 99\): a b/],
  ];
  for (const [code, says] of statuses) {
    test(`a status of ${code}`, async () => {
      const site = createHttp2Server();
      site.on("stream", (stream) => {
        stream.respond(
          { ":status": 200, "content-type": "application/grpc", "grpc-status": code, "grpc-message": "a%20b" },
          { endStream: true },
        );
      });
      assert.match(await asked(await listen(site)), says);
    });
  }
  test("nobody", async () => assert.match(await asked("http://127.0.0.1:1"), /nothing listens at 127\.0\.0\.1:1/));
  test("a port without TLS", async () => {
    const url = await listen(createHttpServer());
    assert.match(await asked(url.replace("http", "https")), /does not speak TLS: write http:/);
  });
  test("a proxy", async () => {
    const edge = { variables: { HTTP_PROXY: "http://127.0.0.1:1" } };
    const { said } = await predict("http://model.test", ["--protocol", "grpc"], "[1]", edge);
    assert.match(said, /gRPC does not go through the proxy .*: put model\.test into NO_PROXY/);
  });
});
