import assert from "node:assert/strict";
import { readdir, readFile, readlink } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { loopModel } from "../../fixtures/models/slow.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { askReport } from "../../../operator/pod-report.ts";
import type { ServeReport } from "../../../server/contract.ts";
import { frame, inference, inferPath, openSession, send } from "./grpc/client.ts";
import { call, eventually, type LogLine, post, type RunningServer, startServer } from "./harness.ts";

const twoShards = { SLIPWAY_WORKERS: "2" };

describe("a connection is handed to a shard", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ files: { "model.onnx": identityModel({ dims: ["n"] }) }, variables: twoShards });
  });
  after(() => server.stop());

  test("without losing a byte, whatever the length of its first request and however many come at once", async () => {
    const elements = 100_000;
    const clients = 24;
    const replies = await Promise.all(
      Array.from({ length: clients }, (_, client) => {
        const values = Array.from({ length: elements }, (_value, index) => index + client);
        return post(`${server.url}/predict`, { input_data: values });
      }),
    );
    for (const [client, { status, json }] of replies.entries()) {
      assert.equal(status, 200);
      const { predictions } = json as { readonly predictions: readonly number[] };
      assert.equal(predictions.length, elements);
      assert.ok(
        predictions.every((value, index) => value === index + client),
        `client ${client} got values of its own`,
      );
    }
  });

  test("evenly", async () => {
    // Those of the test before are counted until the supervisor is told that they have ended.
    await eventually("no connection is open", async () => (await metric(server, "slipway_connections")) === 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true }));
    await Promise.all(agents.map((agent) => predictWith(agent, server)));
    const shards = await shardsOf(server);
    const sockets = await Promise.all(shards.map((pid) => connectionsOf(pid, server.port)));
    assert.deepEqual(sockets, [4, 4]);
    for (const agent of agents) agent.destroy();
  });

  test("and probes on the same port are answered while all of them are busy", async () => {
    const { status, json, headers } = await call(`${server.url}/v2/health/ready`);
    assert.equal(status, 200);
    assert.deepEqual(json, { live: true, ready: true });
    assert.match(String(headers["x-request-id"]), /^\S+$/);
    // Asked in another way, by whoever has it: the answer is the same.
    for (const path of ["/v2/health/ready?verbose", "/v2/health/ready"]) {
      const other = await call(`${server.url}${path}`, { headers: { "x-request-id": "mine" } });
      assert.deepEqual([other.status, other.json], [200, json]);
      assert.equal(other.headers["x-request-id"], "mine");
    }
    assert.equal((await call(`${server.metricsUrl}/v2/health/ready`)).status, 200);
    assert.equal((await call(`${server.metricsUrl}/v2/health/live`)).status, 200);
  });
});

test("who has been answered a probe, or a page, and keeps the connection open does not keep it here", async () => {
  const server = await startServer({ files: { "model.onnx": identityModel() } });
  for (const path of ["/v2/health/ready", "/docs"]) {
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.resume().write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await new Promise((resolve) => socket.once("end", resolve));
    await eventually(`the server has let go of ${path}`, async () => {
      const pids = [String(server.process.pid), ...(await shardsOf(server))];
      const held = await Promise.all(pids.map((pid) => connectionsOf(pid, server.port, ["01", "04", "05"])));
      return held.every((count) => count === 0);
    });
    socket.destroy();
  }
  const { text } = await call(`${server.metricsUrl}/metrics`);
  assert.match(text, /^slipway_requests_total\{route="\/docs",code="200".*\} 1$/m);
  await server.stop();
});

describe("a native crash", () => {
  /** An integer division that the processor traps on: the lowest value by -1 (onnxruntime 16998). */
  const divide = onnxModel({
    nodes: [{ operator: "Div", inputs: ["a", "b"], outputs: ["q"] }],
    inputs: [
      { name: "a", elementType: "int32", dims: ["n"] },
      { name: "b", elementType: "int32", dims: ["n"] },
    ],
    outputs: [{ name: "q", elementType: "int32", dims: ["n"] }],
  });
  const trap = { input_data: { a: [-2_147_483_648], b: [-1] } };
  /** One of its own for each number. */
  const anotherTrap = (value: number): object => ({ input_data: { a: [-2_147_483_648, value], b: [-1, 1] } });
  const fine = { input_data: { a: [6], b: [3] } };

  function crash(server: RunningServer, requestId: string, body: object = trap): Promise<string> {
    return post(`${server.url}/predict`, body, { "x-request-id": requestId }).then(
      ({ status }) => `status ${status}`,
      () => "ended",
    );
  }

  test("costs its request and not the pod; the log names the request", async () => {
    const server = await startServer({ files: { "model.onnx": divide }, variables: twoShards });
    await usable(server, 2);
    assert.equal(await crash(server, "poison"), "ended");
    assert.equal((await call(`${server.url}/v2/health/ready`)).status, 200);
    assert.deepEqual(((await post(`${server.url}/predict`, fine)).json as { predictions: unknown }).predictions, [2]);
    const lost = (): LogLine | undefined =>
      server.log().find(({ msg }) => msg === "a worker was lost and is being replaced");
    await eventually("the loss is told", () => lost() !== undefined);
    const line = lost();
    assert.equal(line?.["requestId"], "poison");
    assert.match(String(line?.["detail"]), /ended by SIGFPE/);
    await usable(server, 2);
    assert.equal(await metric(server, "slipway_workers_replaced_total"), 1);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test("with a single shard makes the pod unready until that is replaced", async () => {
    const server = await startServer({ files: { "model.onnx": divide } });
    assert.equal(await crash(server, "poison"), "ended");
    await replaced(server, 1);
    await usable(server, 1);
    assert.equal((await call(`${server.url}/v2/health/ready`)).status, 200);
    assert.equal((await post(`${server.url}/predict`, fine)).status, 200);
    await server.stop();
  });

  test("that comes again is refused from then on, in every shard and protocol, and told; others are served", async () => {
    const server = await startServer({ files: { "model.onnx": divide }, variables: twoShards });
    for (const [times, id] of ["first", "second"].entries()) {
      await usable(server, 2);
      assert.equal(await crash(server, id), "ended");
      await replaced(server, times + 1);
    }
    await usable(server, 2);
    const tensor = (name: string, value: number): object => ({ name, datatype: "INT32", shape: [1], data: [value] });
    const asV2 = { id: "another", inputs: [tensor("b", -1), tensor("a", -2_147_483_648)] };
    // Each connection is handed to the shard that has fewer.
    const replies = await Promise.all([
      ...[1, 2, 3, 4].map(() => post(`${server.url}/predict`, trap)),
      post(`${server.url}/v2/models/m/infer`, asV2),
    ]);
    for (const { status, json } of replies) {
      assert.equal(status, 422);
      assert.equal((json as { readonly code: string }).code, "CrashesEngine");
    }
    assert.equal(await grpcStatus(server, trap.input_data), "3");
    assert.equal(await grpcStatus(server, { a: [6], b: [3] }), "0");
    // Inputs of the same size that do not crash are served; so are those that look like the others.
    assert.deepEqual(((await post(`${server.url}/predict`, fine)).json as { predictions: unknown }).predictions, [2]);

    const line = server.log().find(({ msg }) => msg === "inputs that crashed the engine again are refused from now on");
    assert.equal(line?.["requestId"], "second");
    const report = (await call(`${server.metricsUrl}/slipway/report`)).json as ServeReport;
    const [told, ...more] = report.repeatedCrashes;
    assert.deepEqual(more, []);
    assert.deepEqual([told?.requestId, told?.inputs], ["second", line["inputs"]]);
    assert.match(String(told?.message), /ended by SIGFPE/);
    const asked = await askReport("127.0.0.1", 60_000, Number(new URL(server.metricsUrl).port));
    assert.deepEqual(
      [asked.crash?.requestId, asked.crash?.inputs],
      ["second", told?.inputs],
      "as the operator reads it",
    );
    assert.equal(await metric(server, "slipway_repeated_crashes_total"), 1);
    assert.equal(await metric(server, "slipway_workers_replaced_total"), 2);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test("again and again ends the pod with a report that names the request", async () => {
    const server = await startServer({
      files: { "model.onnx": divide },
      variables: { SLIPWAY_PROPAGATION_SECONDS: "0" },
    });
    for (let time = 1; time <= 6; time++) {
      await usable(server, 1);
      assert.equal(await crash(server, `poison-${time}`, anotherTrap(time)), "ended");
      if (time < 6) await replaced(server, time);
    }
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    const report = await server.report();
    assert.ok(report?.ok === false);
    assert.deepEqual([report.stage, report.reason], ["Serve", "Crashed"]);
    assert.match(report.message, /lost 6 times within ten minutes, the last time while it ran the request poison-6/);
  });
});

test("a shard that a run in place has stopped is ended and replaced, and the request is named", async () => {
  const variables = { ...twoShards, SLIPWAY_RUN_TIMEOUT_SECONDS: "1" };
  const server = await startServer({ files: { "model.onnx": identityModel() }, variables });
  await usable(server, 2);
  const [stopped] = await shardsOf(server);
  assert.ok(stopped);
  process.kill(Number(stopped), "SIGSTOP");
  await replaced(server, 1);
  assert.equal(await isRunning(stopped), false);
  const told = server.log().find(({ msg }) => msg === "a worker was lost and is being replaced");
  assert.match(String(told?.["detail"]), /longer than the 1 s that are allowed/);
  await usable(server, 2);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test("the end of a shard after a run, or by SIGKILL during one, convicts nobody", async () => {
  const server = await startServer({ files: { "model.onnx": loopModel() } });
  const ends: readonly (readonly [NodeJS.Signals, number])[] = [
    ["SIGSEGV", 1],
    ["SIGSEGV", 1],
    ["SIGKILL", 2_000_000_000],
    ["SIGKILL", 2_000_000_000],
  ];
  for (const [index, [signal, steps]] of ends.entries()) {
    await usable(server, 1);
    const answer = post(`${server.url}/predict`, { input_data: { x: [0], n: steps } }).catch(() => undefined);
    if (signal === "SIGSEGV") assert.equal((await answer)?.status, 200);
    else await eventually("it runs", async () => (await metric(server, "slipway_requests_in_flight")) === 1);
    const [shard] = await shardsOf(server);
    process.kill(Number(shard), signal);
    await answer;
    await replaced(server, index + 1);
  }
  assert.equal(await metric(server, "slipway_repeated_crashes_total"), 0);
  await server.stop();
});

test("no shard outlives its supervisor", async () => {
  const server = await startServer({ files: { "model.onnx": identityModel() }, variables: twoShards });
  const shards = await shardsOf(server);
  assert.equal(shards.length, 2);
  server.process.kill("SIGKILL");
  await server.exited;
  await eventually("they are over", async () => (await Promise.all(shards.map(isRunning))).every((runs) => !runs));
});

async function grpcStatus(server: RunningServer, inputs: Readonly<Record<string, readonly number[]>>): Promise<string> {
  const session = openSession(server.port);
  const tensors = Object.entries(inputs).map(([name, data]) => ({
    name,
    datatype: "INT32",
    shape: [data.length],
    contents: { int_contents: data },
  }));
  const { status } = await send(
    session,
    inferPath,
    frame(inference.encode("ModelInferRequest", { model_name: "m", inputs: tensors })),
  );
  session.destroy();
  return String(status);
}

function usable(server: RunningServer, workers: number): Promise<void> {
  return eventually(`${workers} can run`, async () => (await metric(server, "slipway_workers")) === workers);
}

function replaced(server: RunningServer, times: number): Promise<void> {
  const name = "slipway_workers_replaced_total";
  return eventually(`the ${times}. loss is noticed`, async () => (await metric(server, name)) === times);
}

async function predictWith(agent: Agent, server: RunningServer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(`${server.url}/predict`, { agent, method: "POST" }, (response) => {
      response.resume().on("end", resolve);
    });
    request.on("error", reject);
    request.end(JSON.stringify({ input_data: [1] }));
  });
}

async function shardsOf({ process: { pid } }: RunningServer): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ");
}

async function isRunning(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Established connections to the port that a process holds. */
async function connectionsOf(pid: string, port: number, states: readonly string[] = ["01"]): Promise<number> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = (await readFile("/proc/net/tcp", "utf8")).split("\n").map((row) => row.trim().split(/\s+/));
  return rows.filter(
    ([, local, , state, , , , , , inode]) =>
      local?.endsWith(`:${hexadecimal}`) && states.includes(state ?? "") && inodes.has(inode),
  ).length;
}

async function metric(server: RunningServer, name: string): Promise<number> {
  const { text } = await call(`${server.metricsUrl}/metrics`);
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)?.[1]);
}
