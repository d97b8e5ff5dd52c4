import assert from "node:assert/strict";
import { on, once } from "node:events";
import type { ClientHttp2Stream } from "node:http2";
import { describe, test } from "node:test";
import type { ProtoObject } from "../../../fixtures/proto-message.ts";
import { begin, frame, health, inference, openSession, outcomeOf, reflection, send } from "./client.ts";
import { startGround } from "./ground.ts";

const checkPath = "/grpc.health.v1.Health/Check";
const watchPath = "/grpc.health.v1.Health/Watch";
const service = "inference.GRPCInferenceService";

function healthRequest(name: string): Buffer {
  return frame(health.encode("HealthCheckRequest", { service: name }));
}

/** The statuses of a watch, as they come. */
async function* statuses(stream: ClientHttp2Stream): AsyncGenerator {
  for await (const [chunk] of on(stream, "data", { close: ["close"] }) as AsyncIterable<[Buffer]>) {
    yield health.decode("HealthCheckResponse", chunk.subarray(5))["status"];
  }
}

describe("health", () => {
  test("is that of the server and of its service", async () => {
    const { port, state } = await startGround();
    const session = openSession(port);
    for (const [phase, expected] of [
      ["serving", 1],
      ["loading", 2],
      ["draining", 2],
    ] as const) {
      state.phase = phase;
      for (const name of ["", service]) {
        const { messages } = await send(session, checkPath, healthRequest(name));
        assert.deepEqual(health.decode("HealthCheckResponse", messages[0] ?? Buffer.alloc(0)), { status: expected });
      }
    }
    assert.equal((await send(session, checkPath, healthRequest("other"))).status, 5);
  });

  test("that is watched is told with each change", async () => {
    const { port, state } = await startGround();
    const stream = begin(openSession(port), watchPath);
    stream.end(healthRequest(""));
    const seen = statuses(stream);
    assert.equal((await seen.next()).value, 1);
    state.phase = "draining";
    assert.equal((await seen.next()).value, 2);
    state.phase = "serving";
    assert.equal((await seen.next()).value, 1);
    stream.close(8);
  });

  test("that is watched is told nothing without a change", async () => {
    const { port } = await startGround();
    const stream = begin(openSession(port), watchPath);
    stream.end(healthRequest(""));
    const outcome = outcomeOf(stream);
    await once(stream, "data");
    // Long enough for the server to have looked twice.
    await new Promise((resolve) => setTimeout(resolve, 600));
    stream.close(8);
    assert.equal((await outcome).messages.length, 1);
  });

  test("of an unknown service is watched as unknown", async () => {
    const { port } = await startGround();
    const stream = begin(openSession(port), watchPath);
    stream.end(healthRequest("other"));
    assert.equal((await statuses(stream).next()).value, 3);
    stream.close(8);
  });

  test("that is watched does not keep a connection from ending", async () => {
    const { port, server, allClosed } = await startGround();
    const stream = begin(openSession(port), watchPath);
    stream.end(healthRequest(""));
    const outcome = outcomeOf(stream);
    await once(stream, "data");
    server.goAway();
    assert.deepEqual([(await outcome).status, (await outcome).messages.length], [14, 1]);
    await allClosed();
  });
});

describe("reflection", () => {
  async function ask(version: string, ...requests: readonly ProtoObject[]): Promise<ProtoObject[]> {
    const { port } = await startGround();
    const data = Buffer.concat(requests.map((one) => frame(reflection.encode("ServerReflectionRequest", one))));
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const outcome = await send(openSession(port), path, data);
    assert.equal(outcome.status, 0, outcome.message);
    return outcome.messages.map((message) => reflection.decode("ServerReflectionResponse", message));
  }

  test("lists the services, under both of its names", async () => {
    for (const version of ["v1", "v1alpha"]) {
      const [response] = await ask(version, { host: "h", list_services: "" });
      assert.equal(response?.["valid_host"], "h");
      assert.deepEqual(response?.["original_request"], { host: "h", list_services: "" });
      assert.deepEqual(response?.["list_services_response"], {
        service: [
          { name: service },
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      });
    }
  });

  test("gives the file of a symbol, and by its name, one answer for each request", async () => {
    const symbols = [service, `${service}.ModelInfer`, "inference.InferParameter", "inference.DataType"];
    const requests = symbols.map((file_containing_symbol): ProtoObject => ({ file_containing_symbol }));
    const responses = await ask("v1", ...requests, { file_by_filename: "inference.proto" });
    assert.equal(responses.length, 5);
    const files = responses.map(({ file_descriptor_response: file }) => {
      const [bytes] = (file as ProtoObject)["file_descriptor_proto"] as readonly Uint8Array[];
      return Buffer.from(bytes ?? []).toString("base64");
    });
    assert.equal(new Set(files).size, 1);
    assert.ok(Buffer.from(files[0] ?? "", "base64").includes("ModelInferRequest"));
  });

  test("says what is not there", async () => {
    const responses = await ask(
      "v1",
      { file_containing_symbol: "inference.Nothing" },
      { file_by_filename: "nothing.proto" },
      { file_containing_extension: { containing_type: "inference.DataType", extension_number: 3 } },
      { all_extension_numbers_of_type: "inference.ModelConfig" },
      { all_extension_numbers_of_type: "inference.Nothing" },
      {},
    );
    const codes = responses.map(({ error_response: error }) => (error as ProtoObject | undefined)?.["error_code"]);
    assert.deepEqual(codes, [5, 5, 5, undefined, 5, 3]);
    assert.deepEqual(responses[3]?.["all_extension_numbers_response"], {
      base_type_name: "inference.ModelConfig",
      extension_number: [],
    });
  });

  test("answers a client that thinks between its requests", async () => {
    const { port } = await startGround();
    const stream = begin(openSession(port), "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    const outcome = outcomeOf(stream);
    const request = frame(reflection.encode("ServerReflectionRequest", { list_services: "" }));
    for (let round = 0; round < 3; round++) {
      stream.write(request);
      await once(stream, "data");
    }
    stream.end();
    assert.deepEqual([(await outcome).status, (await outcome).messages.length], [0, 3]);
  });

  test("of a client that never reads its answers stops taking requests, and ends", async () => {
    const { port, server, state, callsOver } = await startGround();
    const session = openSession(port);
    const stream = begin(session, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    const request = frame(reflection.encode("ServerReflectionRequest", { file_by_filename: "inference.proto" }));
    const many = Buffer.concat(Array.from({ length: 1000 }, () => request));
    // More than the server's windows: what it does not take stays here.
    while (stream.writableLength < 8 * 1024 * 1024) {
      stream.write(many);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(server.exchanges(), 1);
    const frozen = performance.now();
    // A minute for the next request that was not taken, and the time for the refusal that is not read.
    state.now = () => frozen + (performance.now() - frozen) * 200;
    await callsOver(1);
    const outcome = await send(session, "/inference.GRPCInferenceService/ServerLive", frame(Buffer.alloc(0)));
    assert.equal(outcome.status, 0, "the connection goes on");
  });
});

test("an inference beside long streams is not held up by them", async () => {
  const { port } = await startGround();
  const session = openSession(port);
  const watches = Array.from({ length: 50 }, () => {
    const stream = begin(session, watchPath);
    stream.end(healthRequest(""));
    return once(stream, "data");
  });
  await Promise.all(watches);
  const outcome = await send(session, "/inference.GRPCInferenceService/ServerLive", frame(Buffer.alloc(0)));
  assert.deepEqual(inference.decode("ServerLiveResponse", outcome.messages[0] ?? Buffer.alloc(0)), { live: true });
});
