/** Models that are reached through a proxy alone: nobody else knows the names of their hosts. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { directionModels } from "../../../../demo/models.ts";
import { pushArtifact } from "../../../fixtures/oci.ts";
import { type Authority, createAuthority } from "../servers/authority.ts";
import { assertFails, assertModel, type Fetched, fetching, type FetchingOptions } from "../fetching.ts";
import { type FileServer, serve, startFileServer } from "../servers/file-server.ts";
import { type ForwardProxy, type ForwardProxyOptions, startForwardProxy } from "../servers/forward-proxy.ts";
import { freePort } from "../servers/free-port.ts";
import { hubToken, startHubServer } from "../servers/hub-server.ts";
import { startRegistry } from "../servers/registry.ts";
import { startS3Server } from "../servers/s3-server.ts";

const model = Buffer.from(directionModels().v1);
const limits = { retryDelaysMilliseconds: [20] };

let directory: string;
let authority: Authority;
let secure: FileServer;
let plain: FileServer;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-proxy-"));
  authority = await createAuthority(join(directory, "authority"), "DNS:*.example.test,IP:127.0.0.1");
  secure = await startFileServer({ authority });
  plain = await startFileServer();
  for (const server of [secure, plain]) server.files.set("/model.onnx", { content: model });
});
after(async () => {
  await secure.close();
  await plain.close();
  await rm(directory, { recursive: true });
});

let proxy: ForwardProxy;
beforeEach(async () => {
  proxy = await startForwardProxy();
});
afterEach(() => proxy.close());

/** Another proxy than the usual one. */
async function another(options: ForwardProxyOptions): Promise<void> {
  await proxy.close();
  proxy = await startForwardProxy(options);
}

/** `127.0.0.1:port` by a name that the proxy alone knows. */
function named(name: string, host: string): string {
  return `${name}.example.test:${host.split(":")[1]}`;
}

function fetchFrom(
  uri: string,
  environment: Readonly<Record<string, string>>,
  options: FetchingOptions = {},
): Promise<Fetched> {
  const host = new URL(uri).host;
  return fetching(
    {
      SLIPWAY_MODEL_URI: uri,
      SLIPWAY_CERTIFICATE_AUTHORITY: authority.authorityPem,
      SLIPWAY_PLAIN_HTTP_HOSTS: host,
      ...environment,
    },
    { limits, ...options },
  );
}

describe("a web server", () => {
  const uris = (): readonly [string, string, string][] => [
    ["HTTPS_PROXY", `https://${named("files", secure.host)}/model.onnx`, `CONNECT ${named("files", secure.host)}`],
    [
      "HTTP_PROXY",
      `http://${named("files", plain.host)}/model.onnx`,
      `GET http://${named("files", plain.host)}/model.onnx`,
    ],
  ];

  test("is reached with the variables in capitals, in small letters and for all", async () => {
    for (const [variable, uri, seen] of uris()) {
      for (const name of [variable, variable.toLowerCase(), "ALL_PROXY", "all_proxy"]) {
        const earlier = proxy.seen.length;
        assertModel(await fetchFrom(uri, { [name]: `http://${proxy.host}` }), model);
        assert.deepEqual(proxy.seen.slice(earlier), [seen], name);
      }
    }
  });

  test("is not reached with the variable of the other scheme, nor past the proxy", async () => {
    for (const [variable, uri] of uris()) {
      const other = variable === "HTTP_PROXY" ? "HTTPS_PROXY" : "HTTP_PROXY";
      for (const environment of [
        { [other]: `http://${proxy.host}` },
        { [variable]: `http://${proxy.host}`, NO_PROXY: "none.test, .example.test" },
      ]) {
        const fetched = await fetchFrom(uri, environment);
        assertFails(
          fetched,
          "SourceUnavailable",
          /^files\.example\.test:\d+ cannot be reached \((ENOTFOUND|EAI_AGAIN)\)/,
        );
      }
    }
    assert.deepEqual(proxy.seen, []);
  });

  test("is reached through whatever tunnel the proxy says that it has opened", async () => {
    for (const opens of ["201 Created", "204 No Content", "200 OK\r\nContent-Length: 5"]) {
      await another({ opens });
      const uri = `https://${named("files", secure.host)}/model.onnx`;
      assertModel(await fetchFrom(uri, { HTTPS_PROXY: `http://${proxy.host}` }), model);
    }
  });

  test("on the machine itself is reached past it", async () => {
    const { code } = await fetchFrom(`https://${secure.host}/model.onnx`, { HTTPS_PROXY: `http://${proxy.host}` });
    assert.equal(code, 0);
    assert.deepEqual(proxy.seen, []);
  });

  test("redirects out of the proxy, and into it", async () => {
    const sender = await serve(
      (_request, response) =>
        void response.writeHead(302, { location: `https://${named("storage", secure.host)}/model.onnx` }).end(),
    );
    try {
      const fetched = await fetchFrom(`http://${sender.host}/`, { HTTPS_PROXY: `http://${proxy.host}` });
      assertModel(fetched, model);
      assert.deepEqual(proxy.seen, [`CONNECT ${named("storage", secure.host)}`]);
    } finally {
      await sender.close();
    }
  });

  test("is reached through a proxy that speaks TLS itself, if its certificate is trusted", async () => {
    await another({ authority });
    for (const [variable, uri, seen] of uris()) {
      const earlier = proxy.seen.length;
      assertModel(await fetchFrom(uri, { [variable]: `https://${proxy.host}` }), model);
      assert.deepEqual(proxy.seen.slice(earlier), [seen]);
      const fetched = await fetchFrom(uri, { [variable]: `https://${proxy.host}`, SLIPWAY_CERTIFICATE_AUTHORITY: "" });
      assertFails(
        fetched,
        "SourceUnavailable",
        new RegExp(
          `^The certificate of the proxy before files.*through the proxy ${proxy.host} of ${variable}.*not trusted`,
        ),
      );
    }
  });

  test("is reached through a proxy that asks for a password, which is in no message", async () => {
    await another({ credentials: "ada:s3cret/of the+proxy" });
    for (const [variable, uri] of uris()) {
      const right = `http://ada:s3cret%2Fof%20the+proxy@${proxy.host}`;
      assertModel(await fetchFrom(uri, { [variable]: right }), model);
      for (const [wrong, advice] of [
        [`http://ada:another-one@${proxy.host}`, "it refuses the user name and password: correct them in"],
        [`http://${proxy.host}`, "it asks for a user name and password: write"],
      ] as const) {
        const fetched = await fetchFrom(uri, { [variable]: wrong });
        assertFails(
          fetched,
          "SourceUnavailable",
          new RegExp(
            `^files.*through the proxy ${proxy.host} of ${variable}; NO_PROXY takes a host out\\) cannot be reached: the proxy answered with status 407, ${advice} http://NAME:PASSWORD@HOST:PORT`,
          ),
        );
        assert.deepEqual(
          fetched.log.filter((line) => line.startsWith("trying again")),
          [],
        );
        assert.ok(!JSON.stringify([fetched.report, fetched.log]).includes("another-one"));
      }
    }
  });
});

describe("a proxy that is no help", () => {
  const tunnel = (): string => `https://${named("files", secure.host)}/model.onnx`;
  const shown = (): string =>
    `files\\.example\\.test:\\d+ \\(through the proxy ${proxy.host} of HTTPS_PROXY; NO_PROXY takes a host out\\)`;

  test("because it refuses the host", async () => {
    await another({ answers: 403 });
    assertFails(
      await fetchFrom(tunnel(), { HTTPS_PROXY: `http://${proxy.host}` }),
      "SourceUnavailable",
      new RegExp(`^${shown()} cannot be reached: the proxy answered with status 403, it refuses the host\\.$`),
    );
    assertFails(
      await fetchFrom(`http://${named("files", plain.host)}/model.onnx`, { HTTP_PROXY: `http://${proxy.host}` }),
      "Unauthorized",
      /^files\.example\.test:\d+ \(through the proxy .* of HTTP_PROXY; NO_PROXY takes a host out\) refuses/,
    );
  });

  test("because it asks for what is no password", async () => {
    await another({ answers: 407, challenges: ["Negotiate", 'NTLM, Digest realm="a, Basic", nonce="x"'] });
    for (const [variable, uri] of [
      ["HTTPS_PROXY", tunnel()],
      ["HTTP_PROXY", `http://${named("files", plain.host)}/model.onnx`],
    ] as const) {
      assertFails(
        await fetchFrom(uri, { [variable]: `http://ada:s3cret@${proxy.host}` }),
        "SourceUnavailable",
        /the proxy answered with status 407, it takes no user name and password, but negotiate or ntlm or digest alone: name a proxy/,
      );
    }
  });

  test("because it does not find the host, and is asked again", async () => {
    const fetched = await fetchFrom("https://files.elsewhere.test/model.onnx", { HTTPS_PROXY: `http://${proxy.host}` });
    assertFails(
      fetched,
      "SourceUnavailable",
      /^files\.elsewhere\.test \(through .*the proxy answered with status 502\.$/,
    );
    assert.equal(proxy.seen.length, 2);
  });

  test("because it is not there", async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    assertFails(
      await fetchFrom(tunnel(), { HTTPS_PROXY: `http://${nowhere}` }),
      "SourceUnavailable",
      new RegExp(
        `through the proxy ${nowhere} of HTTPS_PROXY.* cannot be reached: no connection to the proxy \\(ECONNREFUSED\\)`,
      ),
    );
  });

  test("because it says nothing", async () => {
    await another({ answers: "nothing" });
    const impatient = { retryDelaysMilliseconds: [], idleMilliseconds: 400 };
    for (const [variable, uri] of [
      ["HTTPS_PROXY", tunnel()],
      ["HTTP_PROXY", `http://${named("files", plain.host)}/model.onnx`],
    ] as const) {
      const fetched = await fetchFrom(uri, { [variable]: `http://${proxy.host}` }, { limits: impatient });
      assertFails(fetched, "TimedOut", /^files.*through the proxy .* sent nothing for 0\.4 s/);
    }
  });

  test("because it is none", async () => {
    const fetched = await fetchFrom(tunnel(), { HTTPS_PROXY: "socks5://ada:s3cret@proxy:1080" });
    assertFails(fetched, "InvalidConfiguration", /^HTTPS_PROXY names no HTTP proxy: write http:\/\/HOST:PORT\.$/);
  });

  test("because its password holds characters that end a host, which are in no message", async () => {
    for (const password of ["2024#s3cret", "#s3cret", "20/24s3cret", "77?s3cret"]) {
      const fetched = await fetchFrom(tunnel(), { HTTPS_PROXY: `http://ada:${password}@${proxy.host}` });
      assertFails(
        fetched,
        "InvalidConfiguration",
        /^HTTPS_PROXY has more than .*: in the user name .* write %23 for #/,
      );
      assert.doesNotMatch(JSON.stringify([fetched.report, fetched.log]), /2024|20\/24|77|s3cret/);
    }
  });

  test("because it speaks no TLS", async () => {
    const fetched = await fetchFrom(tunnel(), { HTTPS_PROXY: `https://${proxy.host}` });
    assertFails(
      fetched,
      "SourceUnavailable",
      /through the proxy .* of HTTPS_PROXY.* cannot be reached: the proxy does not speak TLS \(ERR_SSL_\w+\): write http:\/\/HOST:PORT\.$/,
    );
    assert.ok(!fetched.log.some((line) => line.startsWith("trying again")));
  });
});

test("a registry, over TLS and without", async () => {
  for (const tls of [{ names: "DNS:*.example.test" }, false] as const) {
    const registry = await startRegistry({ tls });
    try {
      const host = named("registry", registry.host);
      const url = `http://${proxy.host}`;
      const pem = registry.authority?.authorityPem;
      const settings = { url: new URL(url), variable: "HTTPS_PROXY" };
      await pushArtifact({
        registry: host,
        repository: "m",
        tag: "1",
        files: [{ name: "model.onnx", content: model }],
        plainHttp: tls === false,
        ...(pem === undefined ? {} : { certificateAuthority: pem }),
        proxies: { http: settings, https: settings, exceptions: [] },
      });
      const fetched = await fetching(
        {
          SLIPWAY_MODEL_URI: `oci://${host}/m:1`,
          ...(pem === undefined ? { SLIPWAY_PLAIN_HTTP_HOSTS: host } : { SLIPWAY_CERTIFICATE_AUTHORITY: pem }),
          HTTP_PROXY: url,
          HTTPS_PROXY: url,
        },
        { limits },
      );
      assert.ok(fetched.report.ok, JSON.stringify(fetched.report));
      assert.ok(
        proxy.seen.some((one) => one.startsWith(tls === false ? `GET http://${host}/v2/m/` : `CONNECT ${host}`)),
      );
    } finally {
      await registry.close();
    }
  }
});

test("a bucket, and the service that exchanges the pod's token for its keys", async () => {
  const bucket = await startS3Server();
  const exchange = await serve((_request, response) => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key } = bucket.keys;
    response.end(`<R><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${key}</SecretAccessKey></R>`);
  });
  try {
    await bucket.put("model.onnx", model);
    const [host, service] = [named("s3", bucket.host), named("sts", exchange.host)];
    await writeFile(join(directory, "token"), "of-the-pod");
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: "s3://models/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: `${host},${service}`,
        HTTP_PROXY: `http://${proxy.host}`,
        AWS_ENDPOINT_URL: `http://${host}`,
        AWS_ENDPOINT_URL_STS: `http://${service}`,
        AWS_REGION: "eu-test-1",
        AWS_ROLE_ARN: "arn:aws:iam::1:role/models",
        AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, "token"),
      },
      { limits },
    );
    assertModel(fetched, model);
    assert.deepEqual(proxy.seen, [`POST http://${service}/`, `GET http://${host}/models/model.onnx`]);
  } finally {
    await exchange.close();
    await bucket.close();
  }
});

test("a bucket, while the agent of the node that knows its keys is asked past it", async () => {
  const bucket = await startS3Server();
  const agent = await serve((_request, response) => {
    const { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey } = bucket.keys;
    response.end(JSON.stringify({ AccessKeyId, SecretAccessKey }));
  });
  try {
    await bucket.put("model.onnx", model);
    const host = named("s3", bucket.host);
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: "s3://models/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: host,
        HTTP_PROXY: `http://${proxy.host}`,
        AWS_ENDPOINT_URL: `http://${host}`,
        AWS_REGION: "eu-test-1",
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.origin}/v1`,
      },
      { limits },
    );
    assertModel(fetched, model);
    assert.deepEqual(proxy.seen, [`GET http://${host}/models/model.onnx`]);
  } finally {
    await agent.close();
    await bucket.close();
  }
});

test("a Hub", async () => {
  const hub = await startHubServer();
  const commit = "c".repeat(40);
  hub.repositories.set("team/direction", {
    commits: { [commit]: { "model.onnx": model } },
    references: { main: commit },
    access: "private",
  });
  try {
    const host = named("hub", hub.host);
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: "hf://team/direction/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: `${host},${hub.storage.host}`,
        HTTP_PROXY: `http://${proxy.host}`,
      },
      { limits, secret: { HF_TOKEN: hubToken, HF_ENDPOINT: `http://${host}` } },
    );
    assertModel(fetched, model);
    assert.ok(proxy.seen.length >= 2 && proxy.seen.every((one) => one.startsWith(`GET http://${host}/`)));
  } finally {
    await hub.close();
  }
});
