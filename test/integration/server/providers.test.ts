import assert from "node:assert/strict";
import { test } from "node:test";
import { askReport } from "../../../operator/pod-report.ts";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { call, post, startServer } from "./harness.ts";

/** npm's ONNX Runtime has no CUDA provider, on whatever machine this runs. */
const lacking = "The server image has no CUDA provider.";

test("without the provider that is asked for the server refuses to start, and says why", async () => {
  const variables = { SLIPWAY_PROVIDERS: "cuda" };
  const server = await startServer({ files: { "model.onnx": addModel() }, variables, untilReady: false });
  assert.equal((await server.exited).code, 1);
  const report = await server.report();
  assert.ok(report !== undefined && !report.ok);
  assert.deepEqual([report.stage, report.reason], ["Load", "InvalidConfiguration"]);
  assert.ok(report.message.startsWith(lacking), report.message);
  await server.stop();
});

test("with the CPU behind it the server serves on the CPU, and says so wherever it is asked", async () => {
  const variables = { SLIPWAY_PROVIDERS: "cuda,cpu" };
  const server = await startServer({ files: { "model.onnx": addModel() }, variables });
  const inputs = ["a", "b"].map((name) => ({ name, datatype: "FP32", shape: [1, 2], data: [1, 2] }));
  assert.equal((await post(`${server.url}/v2/models/m/infer`, { inputs })).status, 200);

  const report = (await call(`${server.metricsUrl}/slipway/report`)).json as {
    readonly provider: string;
    readonly refusedProviders: readonly { readonly provider: string; readonly message: string }[];
  };
  assert.equal(report.provider, "cpu");
  assert.deepEqual(
    report.refusedProviders.map(({ provider }) => provider),
    ["cuda"],
  );
  assert.ok(report.refusedProviders[0]?.message.startsWith(lacking));
  const asked = await askReport("127.0.0.1", 60_000, Number(new URL(server.metricsUrl).port));
  assert.deepEqual(asked, { crash: undefined, provider: "cpu" }, "as the operator reads it");

  const metrics = (await call(`${server.metricsUrl}/metrics`)).text;
  assert.match(metrics, /^slipway_provider\{.*provider="cpu".*\} 1$/m);
  assert.match(metrics, /^slipway_provider\{.*provider="cuda".*\} 0$/m);
  const metadata = (await call(`${server.url}/v2/models/m`)).json as { readonly parameters: object };
  assert.deepEqual(metadata.parameters, { provider: "cpu" });
  assert.match(
    (await call(`${server.url}/`, { headers: { accept: "text/html" } })).text,
    /Runs on cpu.*Not on cuda: The server image has no CUDA provider\./,
  );

  const told = server.log().filter(({ msg }) => msg === "a provider that was asked for does not work");
  assert.deepEqual(
    told.map((line) => line["provider"]),
    ["cuda"],
  );
  assert.equal((await server.stop()).code, 0);
});

test("a model that is broken is told as such, whatever was asked for", async () => {
  const variables = { SLIPWAY_PROVIDERS: "cuda,cpu" };
  const server = await startServer({ files: { "model.onnx": Buffer.from("no model") }, variables, untilReady: false });
  assert.equal((await server.exited).code, 1);
  const report = await server.report();
  assert.ok(report !== undefined && !report.ok);
  assert.equal(report.reason, "NotAModel");
  await server.stop();
});
