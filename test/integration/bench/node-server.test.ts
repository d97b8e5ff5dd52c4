import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Bench } from "../../bench/peers/bench.ts";
import { modelFileIn } from "../../bench/peers/install/install.ts";
import type { Model } from "../../bench/peers/model.ts";
import { benchPeers } from "../../bench/peers/peers.ts";
import { checkAnswer, firstInferenceMs, withPeer } from "../../bench/peers/started-peer.ts";
import { requestOf } from "../../bench/peers/wire/request.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";

const model: Model = {
  name: "identity",
  about: "",
  batches: false,
  inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: Float32Array.of(1, -2, 3.5, 0.25) }],
};
const expected = new Map([["y", [1, -2, 3.5, 0.25]]]);

test("the floor answers as the model does, in JSON and with binary tensors, and a wrong answer is seen", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-floor-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "models", model.name), { recursive: true });
  await writeFile(modelFileIn(folder, model.name), identityModel());
  const sources = { image: { command: [], environment: {} }, folder };
  const bench: Bench = {
    sources,
    peers: benchPeers(sources),
    models: [model],
    protocols: ["json", "binary"],
    connections: [1],
    pairs: 1,
    seconds: 1,
    scratch: folder,
    running: new Set(),
    signal: AbortSignal.any([]),
    report: () => undefined,
  };
  for (const peer of bench.peers.filter(({ kind }) => kind === "floor"))
    await withPeer(bench, peer, model, async (started) => {
      assert.ok((await firstInferenceMs(started, expected)) > 0);
      for (const dialect of [{ kind: "v2-json" }, { kind: "v2-binary" }] as const) {
        const request = requestOf(model, dialect);
        assert.equal(await checkAnswer(started, dialect, request, expected), undefined, `${peer.name} ${dialect.kind}`);
        const wrong = await checkAnswer(started, dialect, request, new Map([["y", [1, -2, 3.5, 0.3]]]));
        assert.match(wrong ?? "", /number 3 of output y is 0.25 instead of 0.3/);
      }
    });
  assert.equal(bench.running.size, 0);
});
