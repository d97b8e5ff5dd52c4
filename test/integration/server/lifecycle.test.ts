import assert from "node:assert/strict";
import { Agent, type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { loopSteps } from "../../fixtures/loop-steps.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { loopModel, slowLoadingModel } from "../../fixtures/models/slow.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";
import { question, startClient } from "./load-clients.ts";

const identity = { "model.onnx": identityModel({ dims: ["n"] }) };

function loop(steps: number): object {
  return { input_data: { x: [0], n: steps } };
}

const aboutTwoSeconds = await loopSteps(2);

const farTooLong = 2_000_000_000;

describe("SIGTERM", () => {
  test("under load from kept-alive clients loses no request", async () => {
    const [first, second] = await Promise.all([
      startServer({ files: identity, variables: { SLIPWAY_MODEL_VERSION: "old", SLIPWAY_PROPAGATION_SECONDS: "6" } }),
      startServer({ files: identity, variables: { SLIPWAY_MODEL_VERSION: "new" } }),
    ]);
    const endpoint = { port: first.port };
    const clients = Array.from({ length: 16 }, (_, index) =>
      startClient(endpoint, index % 2 === 0 ? "agent" : "undici"),
    );
    await eventually("all clients are served", () => clients.every(({ served }) => served() > 20));

    first.process.kill("SIGTERM");
    await eventually("not ready", async () => (await call(`${first.url}/v2/health/ready`)).status === 503);
    // New connections go to the old pod until its endpoint is gone everywhere, as in a cluster.
    await pause(700);
    endpoint.port = second.port;
    assert.deepEqual(await first.exited, { code: 0, signal: null });
    await pause(200);

    const results = await Promise.all(clients.map((client) => client.stop()));
    assert.deepEqual(
      results.flatMap(({ failures }) => failures),
      [],
    );
    const versions = new Set(results.flatMap(({ versions: seen }) => [...seen]));
    assert.deepEqual(versions, new Set(["old", "new"]));
    await second.stop();
  });

  test("every answer after it is the last on its connection; idle connections are left alone until the end", async () => {
    const server = await startServer({ files: identity, variables: { SLIPWAY_PROPAGATION_SECONDS: "4" } });
    const [busy, idle, silent] = [keptAlive(server), keptAlive(server), connect(server.port, "127.0.0.1")];
    assert.equal((await busy.send()).connection, "keep-alive");
    assert.equal((await idle.send()).connection, "keep-alive");
    let isSilentOver = false;
    silent.on("close", () => {
      isSilentOver = true;
    });
    server.process.kill("SIGTERM");
    await eventually("draining", () => server.log().some(({ msg }) => msg === "draining"));
    assert.equal((await busy.send()).connection, "close");
    assert.equal((await busy.send()).connection, "close", "a new connection is accepted and served");
    await pause(300);
    assert.equal(idle.isOpen(), true);
    assert.equal(isSilentOver, false);
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    await eventually("idle connections are over", () => !idle.isOpen() && isSilentOver);
  });

  test("a prediction under way is finished and answered", async () => {
    const server = await startServer({ files: { "model.onnx": loopModel() } });
    const answer = post(`${server.url}/predict`, loop(aboutTwoSeconds));
    await inFlight(server, 1);
    server.process.kill("SIGTERM");
    // Beyond 2 ** 24 a float grows by no step of one.
    const sum = Math.min(aboutTwoSeconds, 2 ** 24);
    assert.deepEqual(((await answer).json as { predictions: unknown }).predictions, [sum]);
    assert.deepEqual(await server.exited, { code: 0, signal: null });
  });

  test("an answer on its way to a client that reads slowly is sent to its last byte", async () => {
    const server = await startServer({ files: identity });
    const values = Array.from({ length: 400_000 }, (_, index) => index + 0.5);
    const body = JSON.stringify({ input_data: values });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    let received = "";
    let hasAsked = false;
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
      if (!hasAsked) {
        hasAsked = true;
        server.process.kill("SIGTERM");
      }
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    await new Promise((resolve) => socket.once("close", resolve));
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.equal(server.log().at(-1)?.msg, "drained");
    const answer = received
      .slice(received.indexOf("{"), received.lastIndexOf("}") + 1)
      .replaceAll(/\r\n[0-9a-f]+\r\n/g, "");
    const { predictions } = JSON.parse(answer) as { readonly predictions: readonly number[] };
    assert.equal(predictions.length, values.length);
    assert.ok(predictions.every((value, index) => value === values[index]));
  });

  test("what does not finish is cut off before the grace period ends", async () => {
    const variables = { SLIPWAY_TERMINATION_GRACE_SECONDS: "4" };
    const server = await startServer({ files: { "model.onnx": loopModel() }, variables });
    const answer = post(`${server.url}/predict`, loop(farTooLong)).then(
      () => "answered",
      () => "cut",
    );
    await inFlight(server, 1);
    const stopped = performance.now();
    server.process.kill("SIGTERM");
    assert.equal(await answer, "cut");
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.ok(performance.now() - stopped < 4000, "the process ends before it would be killed");
  });

  test("a second one ends the process at once, even inside a native call", async () => {
    const propagationSeconds = 25;
    const server = await startServer({
      files: { "model.onnx": loopModel() },
      variables: { SLIPWAY_PROPAGATION_SECONDS: String(propagationSeconds) },
    });
    const answer = post(`${server.url}/predict`, loop(farTooLong)).catch(() => "cut");
    await inFlight(server, 1);
    server.process.kill("SIGTERM");
    await eventually("draining", () => server.log().some(({ msg }) => msg === "draining"));
    const stopped = performance.now();
    server.process.kill("SIGTERM");
    assert.deepEqual(await server.exited, { code: 143, signal: null });
    assert.ok(performance.now() - stopped < (propagationSeconds * 1000) / 2, "it has waited for nothing");
    assert.equal(await answer, "cut");
  });

  test("while the model loads: live but not ready, and gone at once", async () => {
    const server = await startServer({ files: { "model.onnx": slowLoadingModel() }, untilReady: false });
    assert.equal((await call(`${server.url}/v2/health/live`)).status, 200);
    const ready = await call(`${server.url}/v2/health/ready`);
    assert.equal(ready.status, 503);
    assert.equal(ready.headers["retry-after"], "1");
    assert.equal((await call(`${server.url}/v2/models/m`)).status, 503);
    assert.equal((await post(`${server.url}/predict`, {})).status, 503);
    assert.equal((await call(`${server.metricsUrl}/slipway/report`)).status, 503);
    assert.equal((await call(server.url)).status, 503);
    server.process.kill("SIGTERM");
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.equal(
      server.log().some(({ msg }) => msg === "serving"),
      false,
      "the model was too small for this test",
    );
  });
});

describe("out of service", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ files: identity });
  });
  after(() => server.stop());

  test("kept-alive connections end politely, idle ones stay, the pod stays ready; and back", async () => {
    const [busy, idle] = [keptAlive(server), keptAlive(server)];
    assert.equal((await busy.send()).connection, "keep-alive");
    assert.equal((await idle.send()).connection, "keep-alive");
    await server.setInService("false");
    await eventually("an answer ends its connection", async () => (await busy.send()).connection === "close");

    assert.equal((await call(`${server.url}/v2/health/ready`)).status, 200, "out of service is not unready");
    assert.equal(
      (await call(`${server.metricsUrl}/slipway/report`).then(({ json }) => json as { inService: boolean })).inService,
      false,
    );
    assert.equal(idle.isOpen(), true, "an idle connection may have a request on its way");
    assert.equal((await idle.send()).connection, "close", "its next answer is its last");

    for (const content of ["true", ""]) {
      await server.setInService(content);
      await eventually(
        `in service again with ${JSON.stringify(content)}`,
        async () => (await busy.send()).connection === "keep-alive",
      );
      await server.setInService("false\n");
      await eventually("out again", async () => (await busy.send()).connection === "close");
    }
    await server.setInService("");
    await eventually("in service", async () => (await busy.send()).connection === "keep-alive");
  });

  test("under load from kept-alive clients loses no request", async () => {
    const clients = Array.from({ length: 8 }, (_, index) => startClient(server, index % 2 === 0 ? "agent" : "undici"));
    for (const content of ["false", "", "false", ""]) {
      await server.setInService(content);
      const earlier = clients.map(({ served }) => served());
      await pause(400);
      await eventually("all clients are served", () =>
        clients.every(({ served }, index) => served() > (earlier[index] ?? 0) + 5),
      );
    }
    const results = await Promise.all(clients.map((client) => client.stop()));
    assert.deepEqual(
      results.flatMap(({ failures }) => failures),
      [],
    );
  });
});

describe("the age of a connection", () => {
  test("answers after it end the connection, with no request lost", async () => {
    const server = await startAged("1");
    const started = performance.now();
    const client = keptAlive(server);
    await eventually("an answer ends the connection", async () => (await client.send()).connection === "close");
    const age = (performance.now() - started) / 1000;
    // The usual age is 300 s.
    assert.ok(age > 1.5 * 0.9 - 0.1 && age < 30, `closed at ${age} s`);
    assert.equal((await client.send()).connection, "keep-alive", "the next connection is young");
    await server.stop();
  });

  test("eight clients with fixed connections spread over three pods after a scale-out", async () => {
    const first = await startAged("1");
    const pods = [first];
    let turn = 0;
    const service = {
      get port(): number {
        return (pods[turn++ % pods.length] ?? first).port;
      },
    };
    const clients = Array.from({ length: 8 }, () => startClient(service));
    await eventually("all are served by the one pod", () => clients.every(({ served }) => served() > 5));
    pods.push(...(await Promise.all([startAged("2"), startAged("3")])));
    await eventually("each pod serves one of them", () => {
      const latest = clients.map((client) => client.latest());
      return ["1", "2", "3"].every((version) => latest.includes(version));
    });
    const results = await Promise.all(clients.map((client) => client.stop()));
    assert.deepEqual(
      results.flatMap(({ failures }) => failures),
      [],
    );
    await Promise.all(pods.map((pod) => pod.stop()));
  });
});

function startAged(version: string): Promise<RunningServer> {
  const variables = { SLIPWAY_CONNECTION_MAXIMUM_AGE_SECONDS: "1.5", SLIPWAY_MODEL_VERSION: version };
  return startServer({ files: identity, variables });
}

/** A client with at most one connection, which it keeps as long as it may. */
function keptAlive({ port }: RunningServer): { send: () => Promise<IncomingHttpHeaders>; isOpen: () => boolean } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let socket: Socket | undefined;
  return {
    send: () =>
      new Promise((resolve, reject) => {
        const request = httpRequest(
          { agent, port, host: "127.0.0.1", method: "POST", path: "/predict" },
          (response) => {
            ({ socket } = response);
            response.resume();
            response.on("end", () => resolve(response.headers));
          },
        );
        request.on("error", reject);
        request.end(question);
      }),
    isOpen: () => socket !== undefined && !socket.destroyed && socket.readable,
  };
}

async function inFlight(server: RunningServer, count: number): Promise<void> {
  await eventually(`${count} requests are in flight`, async () => {
    const { text } = await call(`${server.metricsUrl}/metrics`);
    return new RegExp(`^slipway_requests_in_flight\\{.*\\} ${count}$`, "m").test(text);
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
