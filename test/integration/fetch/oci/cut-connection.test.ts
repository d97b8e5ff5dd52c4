import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pushArtifact } from "../../../fixtures/oci.ts";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, impatient, restless } from "../fetching.ts";
import { address, assertFetched, fetchTag, model, registry, weights } from "./artifacts.ts";

describe("a connection that breaks", () => {
  test("goes on where it was cut", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, { kind: "cut", afterBytes: 1024 ** 2, times: 2 });
    try {
      const fetched = await fetchTag(target.tag, {}, {}, proxy.host);
      assertFetched(fetched, manifest, [model, weights]);
      assert.equal(proxy.broken(), 2);
      assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 2);
    } finally {
      await proxy.close();
    }
  });

  test("is given up when every attempt brings nothing", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model] });
    const proxy = await startCuttingProxy(registry.host, {
      kind: "cut",
      afterBytes: 0,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const fetched = await fetchTag(target.tag, {}, {}, proxy.host);
      assertFails(fetched, "SourceUnavailable", /cut the connection/);
      assert.equal(proxy.broken(), 1 + restless.retryDelaysMilliseconds.length);
    } finally {
      await proxy.close();
    }
  });

  test("that stays silent is given up too", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, {
      kind: "stall",
      afterBytes: 0,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const fetched = await fetchTag(target.tag, {}, { limits: impatient }, proxy.host);
      assertFails(fetched, "TimedOut", /sent nothing for 0\.4 s/);
    } finally {
      await proxy.close();
    }
  });

  test("that falls silent once goes on", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, { kind: "stall", afterBytes: 1024 ** 2, times: 1 });
    try {
      assertFetched(await fetchTag(target.tag, {}, { limits: impatient }, proxy.host), manifest, [model, weights]);
      assert.equal(proxy.broken(), 1);
    } finally {
      await proxy.close();
    }
  });

  test("and the whole takes longer than allowed", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model, weights] });
    const proxy = await startCuttingProxy(registry.host, {
      kind: "stall",
      afterBytes: 1024 ** 2,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const limits = { idleMilliseconds: 60_000, totalMilliseconds: 500 };
      assertFails(await fetchTag(target.tag, {}, { limits }, proxy.host), "TimedOut", /longer than the 0\.5 s/);
    } finally {
      await proxy.close();
    }
  });

  test("because nobody listens", async () => {
    const uri = "oci://127.0.0.1:1/models/direction:1";
    const fetched = await fetchTag("", { SLIPWAY_MODEL_URI: uri, SLIPWAY_PLAIN_HTTP_HOSTS: "127.0.0.1:1" });
    assertFails(fetched, "SourceUnavailable", /127\.0\.0\.1:1 cannot be reached.*ECONNREFUSED/);
    assert.ok(
      !fetched.report.ok &&
        (fetched.report.logTail ?? "").split("\n").length === restless.retryDelaysMilliseconds.length,
    );
  });
});
