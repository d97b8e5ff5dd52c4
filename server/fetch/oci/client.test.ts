/**
 * What a registry of one's own cannot be made to do: redirects to other hosts, ignored ranges, strange answers. The
 * rest is tested against a real one, in test/integration/fetch.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { noProxies } from "../http/proxy.ts";
import { defaultLimits } from "../limits.ts";
import { serve } from "../test-server.ts";
import { downloadBlob } from "./blob.ts";
import { createRegistryClient, type RegistryClient } from "./client.ts";
import type { RegistryCredentials } from "./docker-config.ts";
import { mediaTypes } from "./manifest.ts";

const content = Buffer.from("0123456789".repeat(1000));
const digest = sha256(content);

test("a blob's redirect is followed, and the token stays behind", async () => {
  const authorizations: (string | undefined)[] = [];
  const storage = await serve((request, response) => {
    authorizations.push(request.headers.authorization);
    response.end(content);
  });
  const registry = await serve((request, response) => {
    const { host } = request.headers;
    if (request.url?.startsWith("/token")) response.end('{"access_token":"abc.def"}');
    else if (request.headers.authorization !== "Bearer abc.def") {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
    } else response.writeHead(307, { location: `http://${storage}/blob?signature=1` }).end();
  });
  const { body } = await client(registry, [storage]).blob(digest, { offset: 0, validator: undefined });
  assert.ok((await buffer(body)).equals(content));
  assert.deepEqual(authorizations, [undefined]);
});

test("a redirect to a host without TLS that nobody named is refused", async () => {
  const registry = await serve(
    (_request, response) => void response.writeHead(302, { location: "http://169.254.169.254/x" }).end(),
  );
  await assert.rejects(client(registry).blob(digest, { offset: 0, validator: undefined }), {
    name: "SourceUnavailable",
    message: /169\.254\.169\.254, which is not TLS/,
  });
});

test("other protocols and bad addresses in redirects are refused", async () => {
  for (const location of ["file:///etc/passwd", "https://[bad/"]) {
    const registry = await serve((_request, response) => void response.writeHead(302, { location }).end());
    await assert.rejects(client(registry).blob(digest, { offset: 0, validator: undefined }), {
      name: "SourceUnavailable",
    });
  }
});

test("endless redirects end", async () => {
  let hops = 0;
  const registry = await serve((_request, response) => {
    hops += 1;
    response.writeHead(307, { location: "/again" }).end();
  });
  await assert.rejects(client(registry).blob(digest, { offset: 0, validator: undefined }), {
    message: /redirected more than 5 times/,
  });
  assert.equal(hops, 6);
});

test("an overloaded registry is asked again when it says so", async () => {
  let asked = 0;
  const manifest = '{"layers":[]}';
  const registry = await serve((_request, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(429, { "retry-after": "0" }).end();
    else if (asked === 2) response.writeHead(503).end();
    else response.writeHead(200, { "content-type": `${mediaTypes.imageManifest}; charset=utf-8` }).end(manifest);
  });
  const fetched = await client(registry).manifest("1");
  assert.deepEqual(fetched, {
    text: manifest,
    contentType: mediaTypes.imageManifest,
    digest: sha256(Buffer.from(manifest)),
  });
  assert.equal(asked, 3);
});

test("a manifest other than the digest that names it is refused", async () => {
  const registry = await serve((_request, response) => void response.end("{}"));
  await assert.rejects(client(registry).manifest(digest), {
    name: "DigestMismatch",
    message: new RegExp(`${digest}.*arrived with`),
  });
});

test("a manifest other than what the registry says of it is refused", async () => {
  const registry = await serve(
    (_request, response) => void response.setHeader("docker-content-digest", digest).end("{}"),
  );
  await assert.rejects(client(registry).manifest("1"), { name: "DigestMismatch" });
});

test("a manifest without end is cut", async () => {
  const registry = await serve((_request, response) => {
    const more = (): void => void response.write(Buffer.alloc(1024 ** 2), more);
    more();
  });
  await assert.rejects(client(registry).manifest("1"), { name: "TooLarge", message: /larger than the 4194304 bytes/ });
});

test("access that is not anonymous is refused in so many words", async () => {
  const challenges: readonly (string | undefined)[] = [
    undefined,
    "Basic realm=x",
    'Bearer realm="no url"',
    "Bearer service=x",
  ];
  for (const challenge of challenges) {
    const registry = await serve((_request, response) => {
      response.writeHead(401, challenge === undefined ? {} : { "www-authenticate": challenge }).end();
    });
    await assert.rejects(client(registry).manifest("1"), { name: "Unauthorized" });
  }
});

test("an answer to a token request that holds none is refused", async () => {
  for (const answer of ["{}", "no json", "[]", '{"token":"a\\r\\nb: c"}', '{"token":7}']) {
    const registry = await serve((request, response) => {
      if (request.url?.startsWith("/token")) response.end(answer);
      else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
    });
    await assert.rejects(client(registry).manifest("1"), { name: "Unauthorized", message: /answered without a token/ });
  }
});

test("a token that expires in the middle is renewed, and the blob goes on where it was", async () => {
  const tokens: string[] = [];
  const ranges: (string | undefined)[] = [];
  const registry = await serve((request, response) => {
    const { host, authorization, range } = request.headers;
    if (request.url?.startsWith("/token")) {
      tokens.push(`t${tokens.length + 1}`);
      response.end(JSON.stringify({ token: tokens.at(-1), expires_in: 1 }));
    } else if (authorization !== `Bearer ${tokens.at(-1)}` || (ranges.length === 1 && tokens.length === 1)) {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
    } else {
      ranges.push(range);
      const start = rangeStart(request);
      response.writeHead(start === 0 ? 200 : 206, {
        "content-length": content.length - start,
        "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
      });
      response.write(content.subarray(start, start + 4000), () =>
        start === 0 ? response.destroy() : response.end(content.subarray(start + 4000)),
      );
    }
  });
  assert.ok((await download(registry)).equals(content));
  assert.deepEqual(tokens, ["t1", "t2"]);
  assert.deepEqual(ranges, [undefined, "bytes=4000-"]);
});

for (const [what, challenge] of [
  ["Basic, as Harbor does,", { "www-authenticate": 'Basic realm="harbor"' }],
  ["no challenge", {}],
] as const) {
  for (const known of [undefined, { kind: "basic", username: "ada", password: "x" }] as const) {
    test(`a token that has expired is renewed where the registry answers it with ${what} ${known === undefined ? "to anybody" : "to a user"}`, async () => {
      const tokens: string[] = [];
      const seen: string[] = [];
      const registry = await serve((request, response) => {
        const { authorization = "nobody", host } = request.headers;
        if (request.url?.startsWith("/token")) {
          tokens.push(`t${tokens.length + 1}`);
          response.end(JSON.stringify({ token: tokens.at(-1) }));
          return;
        }
        seen.push(authorization);
        // The first token is good for one request.
        const isGood = authorization === `Bearer ${tokens.at(-1)}` && seen.length !== 3;
        if (isGood) response.end("{}");
        else if (authorization === "nobody") {
          response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
        } else response.writeHead(401, challenge).end();
      });
      const asking = client(registry, [], known);
      await asking.manifest("1");
      await asking.manifest("2");
      assert.deepEqual(seen, ["nobody", "Bearer t1", "Bearer t1", "Bearer t2"]);
    });
  }
}

test("a storage that refuses does not have a token renewed", async () => {
  let tokens = 0;
  const storage = await serve((_request, response) => void response.writeHead(401).end());
  const registry = await serve((request, response) => {
    if (request.url?.startsWith("/token")) {
      tokens += 1;
      response.end('{"token":"abc"}');
    } else if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
    } else response.writeHead(307, { location: `http://${storage}/blob` }).end();
  });
  await assert.rejects(client(registry, [storage]).blob(digest, { offset: 0, validator: undefined }), {
    name: "SourceUnavailable",
    message: /refuses it \(status 401\)/,
  });
  assert.equal(tokens, 1);
});

test("a registry that takes no token is asked for one once, and not again", async () => {
  let tokens = 0;
  const registry = await serve((request, response) => {
    if (request.url?.startsWith("/token")) {
      tokens += 1;
      response.end('{"token":"abc"}');
    } else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
  });
  await assert.rejects(download(registry), { name: "Unauthorized", message: /refuses anonymous access/ });
  assert.equal(tokens, 1);
});

test("a password is told only to who asks for one", async () => {
  const seen: (string | undefined)[] = [];
  const registry = await serve((request, response) => {
    seen.push(request.headers.authorization);
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="models"' }).end();
    } else response.end("{}");
  });
  const known = { kind: "basic", username: "ada", password: "x" } as const;
  const asking = client(registry, [], known);
  await asking.manifest("1");
  await asking.manifest("2");
  assert.deepEqual(seen, [undefined, "Basic YWRhOng=", "Basic YWRhOng="]);
});

test("a blob goes on after a cut, by range", async () => {
  const ranges: (string | undefined)[] = [];
  const registry = await serve((request, response) => {
    ranges.push(request.headers.range);
    const start = rangeStart(request);
    response.writeHead(start === 0 ? 200 : 206, {
      "content-length": content.length - start,
      "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
    });
    response.write(content.subarray(start, start + 4000), () =>
      start < 6000 ? response.destroy() : response.end(content.subarray(start + 4000)),
    );
  });
  assert.ok((await download(registry)).equals(content));
  assert.deepEqual(ranges, [undefined, "bytes=4000-", "bytes=8000-"]);
});

test("a registry that ignores the range is read from the start", async () => {
  let asked = 0;
  const registry = await serve((_request, response) => {
    asked += 1;
    response.writeHead(200, { "content-length": content.length });
    if (asked === 1) response.write(content.subarray(0, 4000), () => response.destroy());
    else response.end(content);
  });
  assert.ok((await download(registry)).equals(content));
  assert.equal(asked, 2);
});

test("a registry that cannot give the range is asked for the whole", async () => {
  let asked = 0;
  const registry = await serve((request, response) => {
    asked += 1;
    if (request.headers.range !== undefined) response.writeHead(416).end();
    else if (asked === 1)
      response
        .writeHead(200, { "content-length": content.length })
        .write(content.subarray(0, 4000), () => response.destroy());
    else response.end(content);
  });
  assert.ok((await download(registry)).equals(content));
  assert.equal(asked, 3);
});

test("a blob that is too short, too long or other than its digest is damaged", async () => {
  const bodies: readonly [Buffer, string, RegExp][] = [
    [content.subarray(0, 100), "SourceUnavailable", /after 100 of 10000 bytes/],
    [Buffer.concat([content, content]), "DigestMismatch", /more than its 10000 bytes/],
    [Buffer.alloc(content.length), "DigestMismatch", /the bytes have the digest/],
  ];
  for (const [body, name, message] of bodies) {
    const registry = await serve((request, response) => void response.end(body.subarray(rangeStart(request))));
    await assert.rejects(download(registry), { name, message });
  }
});

function client(registry: string, others: readonly string[] = [], credentials?: RegistryCredentials): RegistryClient {
  return createRegistryClient(
    { registry, repository: "m", tag: "1", digest: undefined },
    {
      ...options(),
      plainHttpHosts: [registry, ...others],
      certificateAuthority: undefined,
      proxies: noProxies,
      credentials: () => Promise.resolve(credentials ?? { kind: "anonymous", advice: "Name a Secret." }),
    },
  );
}

/** The bytes that end up in the file. */
async function download(registry: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-blob-"));
  const file = await open(join(directory, "blob"), "w");
  try {
    const blob = { mediaType: "", digest, size: content.length, annotations: {}, platform: undefined };
    await downloadBlob(client(registry), blob, file, {
      ...options(),
      onBytes: () => undefined,
    });
    return await readFile(join(directory, "blob"));
  } finally {
    await file.close();
    await rm(directory, { recursive: true });
  }
}

function options(): Pick<
  Parameters<typeof createRegistryClient>[1],
  "limits" | "signal" | "now" | "fruitlessSince" | "onRetry"
> {
  const limits = { ...defaultLimits, idleMilliseconds: 2000, retryDelaysMilliseconds: [1, 1] };
  const nothing = (): undefined => undefined;
  const signal = new AbortController().signal;
  return { limits, signal, now: () => performance.now(), fruitlessSince: nothing, onRetry: nothing };
}

function rangeStart(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")?.[1]);
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
