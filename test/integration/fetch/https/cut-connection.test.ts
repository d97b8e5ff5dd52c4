import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { tarOf } from "../../../fixtures/oci.ts";
import { paddedModel } from "../models.ts";
import { type Fault, startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, assertFolder, assertModel, assertSentOnce, type Fetched, restless } from "../fetching.ts";
import { sendFile, type ServedFile, serve } from "../servers/file-server.ts";
import { fetchPath, mebibyte, model, server, silent } from "./web-server.ts";

describe("a connection that is cut", () => {
  const cut: Fault = { kind: "cut", afterBytes: mebibyte, times: 2 };
  const ways: readonly [string, Omit<ServedFile, "content">, boolean, string | RegExp | undefined][] = [
    ["goes on by entity tag", {}, true, /^"/],
    ["goes on by date", { validator: "date" }, true, "Tue, 24 Nov 2026 08:00:00 GMT"],
    ["starts anew with a weak tag", { validator: "weak" }, false, undefined],
    ["starts anew without a validator", { validator: "none" }, false, undefined],
    ["starts anew when the server ignores ranges", { ignoresRange: true }, false, /^"/],
  ];
  for (const [what, how, resumes, condition] of ways) {
    test(what, async () => {
      server.files.set("/model.onnx", { content: model, ...how });
      const proxy = await startCuttingProxy(server.host, cut);
      const earlier = server.seen.length;
      try {
        assertModel(await fetchPath("/model.onnx", {}, proxy.host), model);
        assert.equal(proxy.broken(), 2);
        if (resumes) assertSentOnce(proxy.passed(), model.byteLength);
        else assert.ok(proxy.passed() > 1.5 * model.byteLength, "something was not sent again");
        const last = server.seen.slice(earlier).at(-1);
        if (condition instanceof RegExp) assert.match(last?.condition ?? "", condition);
        else assert.equal(last?.condition, condition);
      } finally {
        await proxy.close();
      }
    });
  }

  for (const ignoresCondition of [undefined, true] as const) {
    test(`starts anew when the file has changed${ignoresCondition ? ", also where only its tag tells" : ""}`, async () => {
      const [old, fresh] = [paddedModel(3 * mebibyte), paddedModel(3 * mebibyte)];
      const ignoring = ignoresCondition === undefined ? {} : { ignoresCondition };
      server.files.set("/model.onnx", { content: old, ...ignoring });
      const proxy = await startCuttingProxy(server.host, { kind: "cut", afterBytes: mebibyte, times: 1 });
      // What is tried again is logged before it is sent again.
      const change = (): void => void server.files.set("/model.onnx", { content: fresh, ...ignoring });
      try {
        const log = { info: silent, warn: change, error: silent };
        assertModel(await fetchPath("/model.onnx", { log }, proxy.host), fresh);
      } finally {
        await proxy.close();
      }
    });
  }
});

describe("a connection that is cut while nobody told the length", () => {
  const folder = { "model.onnx": paddedModel(mebibyte), "labels.txt": randomBytes(2 * mebibyte) };
  let tar: Buffer;
  before(async () => {
    tar = await tarOf(Object.entries(folder).map(([name, content]) => ({ header: { name }, content })));
  });
  const ways: readonly [string, () => Buffer, (fetched: Fetched) => void][] = [
    ["a model", () => model, (fetched) => assertModel(fetched, model)],
    ["a model in gzip", () => gzipSync(model), (fetched) => assertModel(fetched, model)],
    ["a tar", () => tar, (fetched) => assertFolder(fetched, folder)],
    ["a tar in gzip", () => gzipSync(tar), (fetched) => assertFolder(fetched, folder)],
  ];
  for (const [what, content, assertWhole] of ways) {
    for (const validator of ["none", undefined] as const) {
      const how = validator === undefined ? "goes on" : "starts anew";
      test(`${how} with ${what}`, async () => {
        const file = {
          content: content(),
          untilClosed: true,
          ...(validator === undefined ? {} : { validator }),
        } as const;
        server.files.set("/model", file);
        const proxy = await startCuttingProxy(server.host, { kind: "cut", afterBytes: mebibyte, times: 2 });
        try {
          const fetched = await fetchPath("/model", {}, proxy.host);
          assertWhole(fetched);
          assert.equal(proxy.broken(), 2);
          if (validator === undefined) assertSentOnce(proxy.passed(), file.content.byteLength);
          const retried = fetched.log.filter((line) => line.startsWith("trying again"));
          assert.ok(
            retried.some((line) => /it was cut.*does not tell its length.*look at the server/.test(line)),
            retried.join("\n"),
          );
        } finally {
          await proxy.close();
        }
      });
    }
  }

  test("starts anew before the first byte", async () => {
    server.files.set("/model", { content: model, untilClosed: true });
    let closed = 0;
    const other = await serve((request, response) => {
      if (closed > 0) {
        void sendFile(request, response, { content: model, untilClosed: true });
        return;
      }
      closed += 1;
      void sendFile(request, response, { content: Buffer.alloc(0), untilClosed: true });
    });
    try {
      assertModel(await fetchPath("/", {}, other.host), model);
    } finally {
      await other.close();
    }
  });

  for (const validator of ["none", undefined] as const) {
    const how = validator === undefined ? "with" : "without";
    test(`is told when it stays so, ${how} a validator`, async () => {
      const content = model.subarray(0, mebibyte);
      server.files.set("/model", { content, untilClosed: true, ...(validator === undefined ? {} : { validator }) });
      const fetched = await fetchPath("/model");
      assertFails(
        fetched,
        "TruncatedModel",
        /after 1048576 bytes: it was cut.*127\.0\.0\.1:\d+ does not tell its length/,
      );
      assert.equal(
        fetched.log.filter((line) => line.startsWith("trying again")).length,
        restless.retryDelaysMilliseconds.length,
      );
    });
  }

  test("is not asked about where something else is wrong", async () => {
    server.files.set("/model", { content: Buffer.from("no model at all"), untilClosed: true });
    const fetched = await fetchPath("/model");
    assertFails(fetched, "NotAModel", /no ONNX model; it looks like text/);
    assert.equal(fetched.log.filter((line) => line.startsWith("trying again")).length, 0);
  });
});
