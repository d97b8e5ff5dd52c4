import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { defaultLimits } from "../../../../server/fetch/limits.ts";
import { tarOf } from "../../../fixtures/oci.ts";
import { externalDataModel, paddedModel } from "../models.ts";
import { type Authority, createAuthority } from "../servers/authority.ts";
import { type Fault, startCuttingProxy } from "../servers/cutting-proxy.ts";
import {
  assertFails,
  assertFolder,
  assertModel,
  type Fetched,
  fetching,
  type FetchingOptions,
  assertSentOnce,
  mountSecret,
} from "../fetching.ts";
import {
  type FileServer,
  entityTag,
  sendFile,
  type ServedFile,
  serve,
  startFileServer,
} from "../servers/file-server.ts";

/** Tries again as soon as a test may ask for; how long a server may be silent is as in a pod. */
const restless = { retryDelaysMilliseconds: [20, 20, 20] };
/** For servers that are silent for good: one that is only slow, as on a busy machine, would be taken for silent, too. */
const impatient = { ...restless, idleMilliseconds: 400 };
const mebibyte = 1024 ** 2;

const model = paddedModel(3 * mebibyte);
let server: FileServer;
before(async () => {
  server = await startFileServer();
});
after(() => server.close());
beforeEach(() => {
  server.files.clear();
  server.files.set("/models/direction.onnx", { content: model });
});

function fetchPath(path: string, options: FetchingOptions = {}, host = server.host): Promise<Fetched> {
  return fetching(
    { SLIPWAY_MODEL_URI: `http://${host}${path}`, SLIPWAY_PLAIN_HTTP_HOSTS: `${server.host},${host}` },
    { limits: restless, ...options },
  );
}

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

function silent(): void {}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
