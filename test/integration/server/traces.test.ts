import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type DecodedExport, type DecodedSpan, decodeSpans } from "../../fixtures/otlp.ts";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { frame, inference, inferPath, openSession, send } from "./grpc/client.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";

interface Collector {
  readonly url: string;
  readonly server: Server;
  readonly exports: DecodedExport[];
  readonly headers: IncomingHttpHeaders[];
  readonly spans: () => readonly DecodedSpan[];
}

async function startCollector(statuses: number[] = []): Promise<Collector> {
  const exports: DecodedExport[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      headers.push({ ...request.headers, ":path": request.url });
      const status = statuses.shift() ?? 200;
      if (status === 200)
        exports.push(decodeSpans(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body));
      response.writeHead(status, { "retry-after": "0" }).end();
    });
  });
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    exports,
    headers,
    spans: () => exports.flatMap(({ spans }) => spans),
  };
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const body = { input_data: { a: [[1, 2]], b: [[10, 20]] } };
const grpcRequest = (model: string): Buffer => {
  const inputs = ["a", "b"].map((name) => {
    return { name, datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } };
  });
  return frame(inference.encode("ModelInferRequest", { model_name: model, inputs }));
};
const files = { "model.onnx": addModel() };

describe("requests are traced to a collector", () => {
  let collector: Collector;
  let server: RunningServer;
  before(async () => {
    collector = await startCollector([503]);
    server = await startServer({
      files,
      variables: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=k%201",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_RESOURCE_ATTRIBUTES: "k8s.pod.name=p1",
        OTEL_BSP_SCHEDULE_DELAY: "50",
      },
    });
  });
  after(async () => {
    await server.stop();
    collector.server.close();
  });
  const find = async (id: string): Promise<DecodedSpan> => {
    const found = (): DecodedSpan | undefined =>
      collector.spans().find(({ attributes }) => attributes["slipway.request.id"] === id);
    await eventually(`a span of ${id}`, () => found() !== undefined, 20);
    return found() ?? assert.fail();
  };

  test("a prediction, within its caller's trace, also after the collector was not there for a moment", async () => {
    const begun = BigInt(Date.now()) * 1_000_000n;
    const reply = await post(`${server.url}/predict`, body, {
      "x-request-id": "r1",
      "user-agent": "test",
      traceparent: `00-${traceId}-${parentId}-01`,
      tracestate: "a=1",
    });
    assert.equal(reply.status, 200);
    const span = await find("r1");
    const { start, end, events, spanId, attributes, ...rest } = span;
    assert.deepEqual(rest, {
      traceId,
      parentId,
      traceState: "a=1",
      name: "POST /predict",
      kind: 2,
      status: 0,
      flags: 0x301,
    });
    assert.match(spanId, /^[0-9a-f]{16}$/);
    assert.notEqual(spanId, parentId);
    assert.deepEqual(attributes, {
      "http.request.method": "POST",
      "url.scheme": "http",
      "url.path": "/predict",
      "http.route": "/predict",
      "http.response.status_code": 200,
      "server.address": "127.0.0.1",
      "server.port": server.port,
      "user_agent.original": "test",
      "slipway.request.id": "r1",
    });
    const times = [begun - 5_000_000n, start, ...events.map(([, at]) => at), end, BigInt(Date.now() + 5) * 1_000_000n];
    assert.deepEqual(
      events.map(([name]) => name),
      ["received", "decode", "run", "encode"],
    );
    assert.deepEqual(
      times,
      times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    );
    const { resource, scope } = collector.exports[0] ?? assert.fail();
    assert.deepEqual(resource, { "service.name": "m", "service.version": "v1", "k8s.pod.name": "p1" });
    assert.equal(scope[0], "slipway");
    assert.equal(collector.headers.length >= 2, true);
    for (const sent of collector.headers) {
      assert.deepEqual(
        [sent[":path"], sent["content-type"], sent["x-api-key"], sent["content-encoding"]],
        ["/v1/traces", "application/x-protobuf", "k 1", "gzip"],
      );
    }
  });

  test("refusals too: the server's faults are errors, the client's are not", async () => {
    await call(`${server.url}/no/such/path?secret=1`, { headers: { "x-request-id": "r2" } });
    const unknown = await find("r2");
    assert.deepEqual([unknown.name, unknown.status, unknown.parentId], ["GET", 0, undefined]);
    assert.deepEqual(
      [unknown.attributes["http.response.status_code"], unknown.attributes["http.route"]],
      [404, undefined],
    );
    assert.doesNotMatch(JSON.stringify(unknown.attributes), /secret/);
    await post(`${server.url}/v1/models/m:explain`, {}, { "x-request-id": "r3" });
    const fault = await find("r3");
    assert.deepEqual(
      [fault.name, fault.status, fault.attributes["error.type"]],
      ["POST /v1/models/{model}:explain", 2, "501"],
    );
  });

  test("what its caller does not sample is not traced, nor are probes", async () => {
    const unsampled = { "x-request-id": "r4", traceparent: `00-${traceId}-${parentId}-00` };
    await post(`${server.url}/predict`, body, unsampled);
    await call(`${server.url}/v2/health/ready`, { headers: { "x-request-id": "r5" } });
    await call(`${server.url}/v2`, { headers: { "x-request-id": "r6" } });
    await find("r6");
    const ids = collector.spans().map(({ attributes }) => attributes["slipway.request.id"]);
    assert.ok(!ids.includes("r4") && !ids.includes("r5"), ids.join());
  });

  test("a gRPC call, by what its metadata say", async () => {
    const session = openSession(server.port);
    const run = await send(session, inferPath, grpcRequest("m"), {
      "x-request-id": "g1",
      traceparent: `00-${traceId}-${parentId}-01`,
    });
    assert.equal(run.status, 0, run.message);
    const wrong = await send(session, inferPath, grpcRequest("x"), { "x-request-id": "g2" });
    assert.equal(wrong.status, 5);
    session.close();
    const span = await find("g1");
    assert.deepEqual(
      [span.traceId, span.parentId, span.name, span.kind, span.status],
      [traceId, parentId, "inference.GRPCInferenceService/ModelInfer", 2, 0],
    );
    assert.deepEqual(
      span.events.map(([name]) => name),
      ["received", "run", "encode"],
    );
    assert.deepEqual(span.attributes, {
      "rpc.system.name": "grpc",
      "rpc.method": "inference.GRPCInferenceService/ModelInfer",
      "rpc.response.status_code": "OK",
      "server.address": "localhost",
      "server.port": 80,
      "slipway.request.id": "g1",
    });
    const refused = await find("g2");
    assert.deepEqual([refused.status, refused.attributes["rpc.response.status_code"]], [0, "NOT_FOUND"]);
  });
});

describe("a collector that is not there", () => {
  const start = (endpoint: string): Promise<RunningServer> =>
    startServer({
      files,
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: "1" },
    });

  test("costs no answer; what is lost is told at the end at the latest", async () => {
    const collector = await startCollector();
    collector.server.close();
    const server = await start(collector.url);
    for (let index = 0; index < 50; index++) {
      assert.equal((await post(`${server.url}/predict`, body)).status, 200);
    }
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    const told = server.log().filter(({ msg }) => msg === "traces are not sent");
    assert.equal(told.length, 1);
    assert.match(String(told[0]?.["detail"]), /the collector cannot be reached/);
  });

  test("one that takes connections and never answers does not hold the end up", async () => {
    const silent = createServer(() => undefined);
    silent.listen(0, "127.0.0.1").unref();
    await once(silent, "listening");
    const server = await start(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    assert.equal((await post(`${server.url}/predict`, body)).status, 200);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.ok(server.log().some(({ msg }) => msg === "drained"));
    silent.closeAllConnections();
    silent.close();
  });

  test("spans that wait at the end are sent", async () => {
    const collector = await startCollector();
    const server = await startServer({
      files,
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "3600000" },
    });
    await post(`${server.url}/predict`, body, { "x-request-id": "last" });
    assert.equal(collector.spans().length, 0);
    await server.stop();
    assert.deepEqual(
      collector.spans().map(({ attributes }) => attributes["slipway.request.id"]),
      ["last"],
    );
    collector.server.close();
  });

  test("what is set and not followed is told at the start", async () => {
    const server = await startServer({
      files,
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    });
    assert.ok(server.log().some(({ msg }) => msg.includes("only http/protobuf is spoken")));
    await server.stop();
  });
});

test("log lines of refused requests name the trace, whether spans are exported or not", async () => {
  const server = await startServer({ files });
  const traceparent = `00-${traceId}-${parentId}-00`;
  await call(`${server.url}/nowhere`, { headers: { "x-request-id": "l1", traceparent } });
  await call(`${server.url}/nowhere`, { headers: { "x-request-id": "l2", traceparent: "wrong" } });
  await eventually("two lines", () => server.log().filter(({ msg }) => msg === "request").length === 2);
  const lines = server.log().filter(({ msg }) => msg === "request");
  assert.deepEqual(
    lines.map((line) => [line["requestId"], line["trace_id"]]),
    [
      ["l1", traceId],
      ["l2", undefined],
    ],
  );
  await server.stop();
});
