import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { tarOf } from "../../../fixtures/oci.ts";
import { externalDataModel } from "../models.ts";
import { type Authority, createAuthority } from "../servers/authority.ts";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import { assertFails, assertFolder, assertModel, assertSentOnce, fetching, restless } from "../fetching.ts";
import { type FileServer, serve, startFileServer } from "../servers/file-server.ts";
import { fetchPath, mebibyte, model, server } from "./web-server.ts";

describe("a web server", () => {
  test("gives a model, whose digest is that of its bytes", async () => {
    assertModel(await fetchPath("/models/direction.onnx"), model, "direction.onnx");
  });

  test("gives a model under any name and query", async () => {
    server.files.set("/download", { content: model, chunked: true });
    assertModel(await fetchPath("/download?id=7&file=model.onnx"), model);
  });

  test("gives a folder as tar and as tar+gzip, told by the bytes", async () => {
    const files = externalDataModel();
    const tar = await tarOf(Object.entries(files).map(([name, content]) => ({ header: { name }, content })));
    server.files.set("/model.tar", { content: tar });
    server.files.set("/model", { content: gzipSync(tar), contentType: "text/plain" });
    assertFolder(await fetchPath("/model.tar"), files);
    assertFolder(await fetchPath("/model"), files);
  });

  test("gives a model in gzip, whose digest is that of the model", async () => {
    server.files.set("/direction.onnx.gz", { content: gzipSync(model), contentType: "application/gzip" });
    server.files.set("/download", { content: gzipSync(model) });
    assertModel(await fetchPath("/direction.onnx.gz"), model, "direction.onnx");
    assertModel(await fetchPath("/download"), model);
  });

  test("may send its files in gzip without being asked to, and go on after a cut", async () => {
    const content = gzipSync(model);
    server.files.set("/direction.onnx", { content, contentEncoding: "gzip" });
    const proxy = await startCuttingProxy(server.host, { kind: "cut", afterBytes: mebibyte, times: 1 });
    try {
      assertModel(await fetchPath("/direction.onnx", {}, proxy.host), model, "direction.onnx");
      assertSentOnce(proxy.passed(), content.byteLength);
    } finally {
      await proxy.close();
    }
  });

  test("is told what nobody finds there", async () => {
    assertFails(await fetchPath("/nothing"), "NotFound", /has no "127\.0\.0\.1:\d+\/nothing"\. Check the path/);
  });

  test("may say in which encoding it will not send", async () => {
    const encodings: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      encodings.push(request.headers["accept-encoding"]);
      response.end(model);
    });
    try {
      assertModel(await fetchPath("/", {}, other.host), model);
      assert.deepEqual(encodings, ["identity"]);
    } finally {
      await other.close();
    }
  });

  test("is spoken to without TLS only when it is named", async () => {
    const { host } = server;
    const fetched = await fetching({ SLIPWAY_MODEL_URI: `http://${host}/models/direction.onnx` }, { limits: restless });
    assertFails(
      fetched,
      "UnsupportedSource",
      /http:\/\/127\.0\.0\.1:\d+, which is not TLS\. If plain HTTP .* chart value registries\.plainHttpHosts.*restartToken/,
    );
    assert.equal(server.seen.filter(({ path }) => path === "/models/direction.onnx").length, 1);
  });
});

describe("a uri", () => {
  const refused: readonly [string, RegExp][] = [
    ["https://user:hidden@host/model.onnx", /holds a user name or password.*source\.secretRef/],
    ["https://", /no valid URL/],
    ["https://host:99999/x", /no valid URL/],
  ];
  for (const [uri, message] of refused) {
    test(`${uri} is refused`, async () => {
      const fetched = await fetching({ SLIPWAY_MODEL_URI: uri }, { limits: restless });
      assertFails(fetched, "UnsupportedSource", message);
      assert.ok(!JSON.stringify(fetched.report).includes("hidden"));
    });
  }

  test("with a signature in its query keeps it out of log and report", async () => {
    const fetched = await fetchPath("/nothing?X-Amz-Signature=0123456789abcdef");
    assertFails(fetched, "NotFound", /nothing/);
    assert.ok(!`${JSON.stringify(fetched.report)}${fetched.log.join("")}`.includes("0123456789abcdef"));
  });

  test("with a signature and a session token is fetched up to 8192 characters, and refused beyond without its words", async () => {
    const path = `/models/direction.onnx?X-Amz-Security-Token=${"0123456789abcdef".repeat(512)}`;
    const longest = path.slice(0, 8192 - server.origin.length);
    assertModel(await fetchPath(longest), model, "direction.onnx");
    const fetched = await fetchPath(`${longest}0`);
    assertFails(fetched, "InvalidConfiguration", /^SLIPWAY_MODEL_URI is longer than 8192 characters\.$/);
  });

  test("that leads to an address which is none is told without a signature in it", async () => {
    const sender = await serve(
      (_request, response) => void response.writeHead(302, { location: "https://[bad/m?X-Amz-Signature=0123" }).end(),
    );
    try {
      const fetched = await fetching(
        { SLIPWAY_MODEL_URI: `${sender.origin}/m`, SLIPWAY_PLAIN_HTTP_HOSTS: sender.host },
        { limits: restless },
      );
      assertFails(fetched, "SourceUnavailable", /redirects to "https:\/\/\[bad\/m\?…", which is no URL/);
    } finally {
      await sender.close();
    }
  });
});

describe("TLS", () => {
  let directory: string;
  let authority: Authority;
  let secure: FileServer;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-https-"));
    authority = await createAuthority(directory);
    secure = await startFileServer({ authority });
    secure.files.set("/model.onnx", { content: model });
  });
  after(async () => {
    await secure.close();
    await rm(directory, { recursive: true });
  });

  test("is trusted with an authority of one's own", async () => {
    const SLIPWAY_CERTIFICATE_AUTHORITY = authority.authorityPem;
    assertModel(
      await fetching({ SLIPWAY_MODEL_URI: `${secure.origin}/model.onnx`, SLIPWAY_CERTIFICATE_AUTHORITY }),
      model,
    );
  });

  test("is refused without it, at once", async () => {
    const fetched = await fetching({ SLIPWAY_MODEL_URI: `${secure.origin}/model.onnx` }, { limits: restless });
    assertFails(fetched, "SourceUnavailable", /certificate of 127\.0\.0\.1:\d+ is not trusted/);
    assert.equal(fetched.log.length, 1);
  });
});
