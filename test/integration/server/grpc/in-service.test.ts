import assert from "node:assert/strict";
import { test } from "node:test";
import { environment } from "../../../../server/contract.ts";
import { inferRequest } from "../../../../cli/predict/grpc/infer-message.ts";
import { completeFrame } from "../../../../server/grpc/wire/message-frame.ts";
import { openGrpcClient } from "../../../load/grpc-client.ts";
import { identityModel } from "../../../fixtures/models/arithmetic.ts";
import { eventually, type RunningServer, startServer } from "../harness.ts";

const clients = 4;

/** Calls without a pause, until it is stopped. */
interface Caller {
  readonly calls: () => number;
  /** Connections that it has opened. */
  readonly opened: () => number;
  readonly stop: () => Promise<readonly string[]>;
}

function startCaller({ url }: RunningServer): Caller {
  const input = { name: "x", datatype: "FP32", shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) } as const;
  const message = inferRequest("m", { inputs: [input], outputs: undefined });
  completeFrame(message);
  const client = openGrpcClient({ url, body: Buffer.concat(message) });
  const errors: string[] = [];
  let [calls, opened] = [0, 0];
  const stopped = new AbortController();
  const calling = (async () => {
    while (!stopped.signal.aborted) {
      const outcome = await client.exchange();
      calls += 1;
      if (outcome.opened) opened += 1;
      if (outcome.error !== undefined) errors.push(outcome.error);
    }
  })();
  return {
    calls: () => calls,
    opened: () => opened,
    async stop() {
      stopped.abort();
      await calling;
      client.close();
      return errors;
    },
  };
}

async function underCalls(server: RunningServer, work: (callers: readonly Caller[]) => Promise<void>): Promise<void> {
  const callers = Array.from({ length: clients }, () => startCaller(server));
  try {
    await work(callers);
  } finally {
    const errors = (await Promise.all(callers.map(({ stop }) => stop()))).flat();
    await server.stop();
    assert.deepEqual(errors, []);
  }
}

const files = { "model.onnx": identityModel() };

test("out of service each connection of gRPC ends with its next answer, and back in service it is kept", async () => {
  const server = await startServer({ files });
  await underCalls(server, async (callers) => {
    await eventually("all call on the connection that they have", () => callers.every(({ calls }) => calls() > 20));
    assert.deepEqual(
      callers.map(({ opened }) => opened()),
      callers.map(() => 1),
    );
    await server.setInService("false");
    await eventually("each is sent away again and again", () => callers.every(({ opened }) => opened() > 5));
    await server.setInService("");
    await eventually("each keeps its connection again", async () => {
      const before = callers.map(({ opened, calls }) => [opened(), calls()] as const);
      await eventually("twenty calls more", () =>
        callers.every(({ calls }, index) => calls() > (before[index]?.[1] ?? 0) + 20),
      );
      return callers.every(({ opened }, index) => opened() === before[index]?.[0]);
    });
  });
});

test("connections of gRPC end at their age, and no call is lost", async () => {
  const server = await startServer({ files, variables: { [environment.connectionMaximumAge]: "0.2" } });
  await underCalls(server, async (callers) => {
    await eventually("each has been sent away", () => callers.every(({ opened }) => opened() > 2));
  });
});
