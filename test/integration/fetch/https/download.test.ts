import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { defaultLimits } from "../../../../server/fetch/limits.ts";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, assertModel, fetching, impatient, restless } from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { fetchPath, model, server } from "./web-server.ts";

describe("a download", () => {
  test("that stalls is given up", async () => {
    const proxy = await startCuttingProxy(server.host, {
      kind: "stall",
      afterBytes: 0,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const fetched = await fetchPath("/models/direction.onnx", { limits: impatient }, proxy.host);
      assertFails(fetched, "TimedOut", /sent nothing for 0\.4 s/);
    } finally {
      await proxy.close();
    }
  });

  test("that is redirected to by a path in plain UTF-8 is found", async () => {
    const seen: string[] = [];
    const redirecting = await serve(({ url = "" }, response) => {
      seen.push(url);
      if (url !== "/model.onnx") response.end(model);
      else response.writeHead(302, { location: Buffer.from("/modèle/ü.onnx").toString("latin1") }).end();
    });
    try {
      assertModel(await fetchPath("/model.onnx", {}, redirecting.host), model);
      assert.deepEqual(seen, ["/model.onnx", "/mod%C3%A8le/%C3%BC.onnx"]);
    } finally {
      await redirecting.close();
    }
  });

  test("that never begins ends with a report at once, which alone is seen outside of the pod", async () => {
    const proxy = await startCuttingProxy(server.host, {
      kind: "stall",
      afterBytes: 0,
      times: Number.POSITIVE_INFINITY,
    });
    try {
      const limits = { ...impatient, fruitlessMilliseconds: impatient.idleMilliseconds / 2 };
      const fetched = await fetchPath("/models/direction.onnx", { limits }, proxy.host);
      assertFails(fetched, "TimedOut", /sent nothing for 0\.4 s/);
      assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 0);
      const { idleMilliseconds, fruitlessMilliseconds } = defaultLimits;
      assert.ok(idleMilliseconds >= fruitlessMilliseconds && idleMilliseconds < 60_000, "as in a pod, within a minute");
    } finally {
      await proxy.close();
    }
  });

  test("that trickles is given up, however long it would go on", async () => {
    server.files.set("/model.onnx", { content: model, trickle: { bytes: 10, milliseconds: 20 } });
    const limits = { idleMilliseconds: 1000, retryDelaysMilliseconds: [20] };
    const fetched = await fetchPath("/model.onnx", { limits });
    assertFails(fetched, "TimedOut", /sent \d+ bytes in [\d.]+ s, less than the 10240 bytes\/s at least/);
    assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 1);
  });

  test("that takes too long in all is given up", async () => {
    server.files.set("/model.onnx", { content: model, trickle: { bytes: 20_000, milliseconds: 20 } });
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: `${server.origin}/model.onnx`,
        SLIPWAY_PLAIN_HTTP_HOSTS: server.host,
        SLIPWAY_FETCH_TIMEOUT_SECONDS: "1",
      },
      { limits: restless },
    );
    assertFails(fetched, "TimedOut", /longer than the 1 s that are allowed\. Raise source\.timeoutSeconds/);
  });

  for (const chunked of [undefined, true] as const) {
    test(`that is too large is refused ${chunked ? "on the way" : "before its first byte"}`, async () => {
      server.files.set("/model.onnx", { content: model, ...(chunked === undefined ? {} : { chunked }) });
      const fetched = await fetching(
        {
          SLIPWAY_MODEL_URI: `${server.origin}/model.onnx`,
          SLIPWAY_PLAIN_HTTP_HOSTS: server.host,
          SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "1000000",
        },
        { limits: restless },
      );
      assertFails(fetched, "TooLarge", /larger than the 1000000 bytes that are allowed\. Raise source\.sizeLimit/);
      const written = [...fetched.files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.ok(written <= (chunked === undefined ? 0 : 1_000_000), `${written} bytes were written`);
      assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 0);
    });
  }

  test("with other bytes than demanded is refused, and so is one with others than recorded", async () => {
    const other = `sha256:${"ab".repeat(32)}`;
    const uri = { SLIPWAY_MODEL_URI: `${server.origin}/models/direction.onnx`, SLIPWAY_PLAIN_HTTP_HOSTS: server.host };
    assertFails(
      await fetching({ ...uri, SLIPWAY_MODEL_DIGEST: other }),
      "DigestMismatch",
      /the entry demands sha256:abab/,
    );
    assertFails(
      await fetching({ ...uri, SLIPWAY_RECORDED_DIGEST: other }),
      "VersionReused",
      /first resolved to sha256:abab/,
    );
  });

  test("is random bytes, and no model", async () => {
    server.files.set("/model.onnx", { content: Buffer.concat([Buffer.from([0xff]), randomBytes(1000)]) });
    assertFails(await fetchPath("/model.onnx"), "NotAModel", /is no ONNX model/);
  });
});
