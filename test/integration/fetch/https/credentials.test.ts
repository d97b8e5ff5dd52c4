import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertFails, assertModel, mountSecret } from "../fetching.ts";
import { entityTag, sendFile, serve, startFileServer } from "../servers/file-server.ts";
import { fetchPath, mebibyte, model, server } from "./web-server.ts";

describe("credentials", () => {
  const ways: readonly [string, Readonly<Record<string, string>>, string][] = [
    ["a token", { token: "hub-token-1234\n" }, "Bearer hub-token-1234"],
    ["a user name and password", { username: "ada", password: "pass:wörd" }, `Basic ${base64("ada:pass:wörd")}`],
    ["a token before a password", { token: "token-5678", username: "ada", password: "pass:wörd" }, "Bearer token-5678"],
  ];
  for (const [what, secret, authorization] of ways) {
    test(`are ${what} of the Secret`, async () => {
      const closed = await startFileServer({ authorization });
      closed.files.set("/model.onnx", { content: model });
      try {
        assertModel(await fetchPath("/model.onnx", { secret }, closed.host), model);
        assertFails(
          await fetchPath("/model.onnx", { secret: { token: "wrong-token" } }, closed.host),
          "Unauthorized",
          /refuses "127\.0\.0\.1:\d+\/model\.onnx" to the credentials of the source's Secret \(status 401\)\. Check that they are right, not expired/,
        );
        assertFails(
          await fetchPath("/model.onnx", {}, closed.host),
          "Unauthorized",
          /without credentials \(status 401\)\. Name a Secret with token, or username and password, in source\.secretRef/,
        );
        assert.equal(closed.seen.length, 3, "a refusal was tried again");
      } finally {
        await closed.close();
      }
    });
  }

  test("stay behind when another host is redirected to, and are sent again to the first", async () => {
    const { host } = server;
    const seen: [string, string | undefined][] = [];
    const first = await serve((request, response) => {
      seen.push([request.url ?? "", request.headers.authorization]);
      const location = request.url === "/a" ? "/b" : `http://${host}/models/direction.onnx`;
      response.writeHead(302, { location }).end();
    });
    try {
      const earlier = server.seen.length;
      assertModel(await fetchPath("/a", { secret: { token: "hub-token-1234" } }, first.host), model, "model.onnx");
      assert.deepEqual(seen, [
        ["/a", "Bearer hub-token-1234"],
        ["/b", "Bearer hub-token-1234"],
      ]);
      assert.deepEqual(
        server.seen.slice(earlier).map(({ authorization }) => authorization),
        [undefined],
      );
    } finally {
      await first.close();
    }
  });

  test("that are not one line are told by their key", async () => {
    const fetched = await fetchPath("/models/direction.onnx", { secret: { token: "two\nlines-of-it" } });
    assertFails(fetched, "InvalidConfiguration", /The key token of the source's Secret holds a blank, a line break/);
  });

  for (const renewed of [false, true]) {
    test(`that expire during the download ${renewed ? "are read again from the Secret" : "end it"}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), "slipway-expiring-"));
      let valid = "Bearer short-lived-1";
      const guard = await serve((request, response) => {
        if (request.headers.authorization !== valid) {
          response.writeHead(401).end();
          return;
        }
        if (request.headers.range !== undefined) {
          void sendFile(request, response, { content: model });
          return;
        }
        const start = (): void => {
          response.writeHead(200, { "content-length": model.byteLength, etag: entityTag(model) });
          response.write(model.subarray(0, mebibyte), () => response.destroy());
        };
        valid = "Bearer short-lived-2";
        const secret = { token: renewed ? "short-lived-2" : "short-lived-1" };
        void mountSecret(join(directory, "secret"), secret).then(start, start);
      });
      try {
        const secret = { token: "short-lived-1" };
        const fetched = await fetchPath("/model.onnx", { secret, directory }, guard.host);
        if (renewed) assertModel(fetched, model);
        else assertFails(fetched, "Unauthorized", /Check that they are right, not expired/);
      } finally {
        await guard.close();
        await rm(directory, { recursive: true });
      }
    });
  }
});

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
