import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { runWorker } from "./worker.ts";

test("ONNX Runtime is not loaded while its telemetry is on", async () => {
  const edge = { machineNow: () => 0, privateBytes: () => 0 };
  for (const variables of [{}, { ORT_DISABLE_TELEMETRY: "0" }, { ORT_DISABLE_TELEMETRY: "true" }]) {
    const { port1, port2 } = new MessageChannel();
    runWorker(port1, { modelPath: "none", intraOpThreads: 1, providers: ["cpu"] }, variables, edge);
    const [message] = (await once(port2, "message")) as [{ kind: string; reason: string; message: string }];
    assert.equal(message.kind, "loadFailed");
    assert.equal(message.reason, "InvalidConfiguration");
    assert.match(message.message, /ORT_DISABLE_TELEMETRY is not 1/);
    port2.close();
  }
  const report = process.report.getReport() as { sharedObjects: readonly string[] };
  assert.deepEqual(
    report.sharedObjects.filter((path) => path.includes("onnxruntime")),
    [],
  );
});
