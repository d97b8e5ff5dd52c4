/** Buckets in the host's name, at real servers and at stores that take them in no other way. */
import assert from "node:assert/strict";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { assertFails, assertFolder, assertModel, type Fetched, fetching } from "../fetching.ts";
import { freePort } from "../servers/free-port.ts";
import { externalDataModel, paddedModel } from "../models.ts";
import { region, startS3Server } from "../servers/s3-server.ts";
import { domain, resolveDomain } from "./names.ts";
import { startRclone } from "./rclone-server.ts";

resolveDomain();

const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20, 20] };
const model = paddedModel(100_000);
const folder = externalDataModel("weights/part 1+2.bin");

interface Store {
  /** `host:port` of the endpoint. */
  readonly host: string;
  readonly secret: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Takes a bucket in the path and in the host's name. */
async function startBoth(): Promise<Store> {
  const port = await freePort();
  const host = `${domain}:${port}`;
  const place = { host: `127.0.0.1:${port}`, enter: [] };
  const server = await startS3Server({ options: ["--virtual-domain", host], place });
  await server.put("direction/model.onnx", model);
  for (const [name, content] of Object.entries(folder)) await server.put(`folder/${name}`, content);
  return { host, secret: { ...server.keys, AWS_REGION: region }, close: () => server.close() };
}

/** Takes a bucket in the host's name alone, and says that there is no bucket when it finds none there. */
async function startVirtualOnly(): Promise<Store> {
  const server = await startRclone({ addressing: "virtual" });
  await server.put("direction/model.onnx", model);
  for (const [name, content] of Object.entries(folder)) await server.put(`folder/${name}`, content);
  const host = server.host.replace("127.0.0.1", domain);
  return { host, secret: { ...server.keys, AWS_REGION: "us-east-1" }, close: () => server.close() };
}

for (const [name, start, bySelf] of [
  ["versitygw", startBoth, "in the path"],
  ["rclone", startVirtualOnly, undefined],
] as const) {
  describe(`${name}, asked at the bucket's own host`, () => {
    let store: Store;
    before(async () => {
      store = await start();
    });
    after(() => store.close());

    test("gives an object and a folder, by a key of the Secret", async () => {
      const secret = { ...store.secret, AWS_S3_ADDRESSING_STYLE: "virtual" };
      assertModel(await fetchAt(store.host, "direction/model.onnx", secret), model);
      assertFolder(await fetchAt(store.host, "folder/", secret), folder);
    });

    test("gives an object, by a variable", async () => {
      const environment = { AWS_S3_ADDRESSING_STYLE: "virtual" };
      assertModel(await fetchAt(store.host, "direction/model.onnx", store.secret, environment), model);
    });

    test("refuses wrong keys there as well", async () => {
      const secret = { ...store.secret, AWS_SECRET_ACCESS_KEY: "wrong-secret", AWS_S3_ADDRESSING_STYLE: "virtual" };
      const message = /^models\.s3\.test:\d+ refuses "models\/direction\/model\.onnx" to the credentials/;
      assertFails(await fetchAt(store.host, "direction/model.onnx", secret), "Unauthorized", message);
    });

    test(`left alone: ${bySelf ?? "the bucket is not found, and the setting is named"}`, async () => {
      const fetched = await fetchAt(store.host, "direction/model.onnx", store.secret);
      if (bySelf !== undefined) assertModel(fetched, model);
      else assertFails(fetched, "NotFound", /NoSuchBucket.*AWS_S3_ADDRESSING_STYLE says whether the bucket belongs/);
    });
  });
}

test("rclone, asked in the path, gives an object and a folder, and refuses wrong keys", async () => {
  const server = await startRclone();
  try {
    await server.put("direction/model.onnx", model);
    for (const [name, content] of Object.entries(folder)) await server.put(`folder/${name}`, content);
    const secret = { ...server.keys, AWS_REGION: "us-east-1" };
    assertModel(await fetchAt(server.host, "direction/model.onnx", secret), model);
    assertFolder(await fetchAt(server.host, "folder/", secret), folder);
    const wrong = { ...secret, AWS_SECRET_ACCESS_KEY: "wrong-secret" };
    assertFails(await fetchAt(server.host, "folder/", wrong), "Unauthorized", /SignatureDoesNotMatch/);
  } finally {
    await server.close();
  }
});

/** What stores say when they find a bucket in the path: Alibaba OSS, Tencent COS, Huawei OBS, Volcengine TOS, and AWS. */
const refusals: readonly [string, number, string][] = [
  ["SecondLevelDomainForbidden", 403, ""],
  ["PathStyleDomainForbidden", 403, ""],
  ["VirtualHostDomainRequired", 403, ""],
  ["InvalidPathAccess", 403, ""],
  ["PermanentRedirect", 301, "<Endpoint>models.HOST</Endpoint>"],
];

describe("a store that takes a bucket in the host's name alone", () => {
  let behind: Store;
  before(async () => {
    behind = await startVirtualOnly();
  });
  after(() => behind.close());

  for (const [code, status, more] of refusals) {
    test(`is asked so once it has said ${code}`, async () => {
      const gate = await startGate(behind.host, { status, code, more });
      try {
        assertModel(await fetchAt(gate.host, "direction/model.onnx", behind.secret), model);
        assert.deepEqual(gate.asked, [gate.host, `models.${gate.host}`]);
        assertFolder(await fetchAt(gate.host, "folder/", behind.secret), folder);
        // One listing and two files, after one refusal.
        assert.deepEqual(gate.asked.slice(2), [gate.host, ...Array<string>(3).fill(`models.${gate.host}`)]);
      } finally {
        await gate.close();
      }
    });
  }

  test("is not, where the path was chosen", async () => {
    const gate = await startGate(behind.host, { status: 403, code: "SecondLevelDomainForbidden", more: "" });
    try {
      const secret = { ...behind.secret, AWS_S3_ADDRESSING_STYLE: "path" };
      const message =
        /^s3\.test:\d+ takes the bucket in the host's name only \(SecondLevelDomainForbidden\)\. Set AWS_S3_ADDRESSING_STYLE to virtual, or take it out\.$/;
      assertFails(await fetchAt(gate.host, "direction/model.onnx", secret), "SourceUnavailable", message);
      assert.deepEqual(gate.asked, [gate.host]);
    } finally {
      await gate.close();
    }
  });

  test("is not, where the endpoint is an address", async () => {
    const gate = await startGate(behind.host, { status: 403, code: "PathStyleDomainForbidden", more: "" });
    try {
      const address = gate.host.replace(domain, "127.0.0.1");
      const message =
        /takes the bucket in the host's name only .*, but AWS_ENDPOINT_URL names the address 127\.0\.0\.1/;
      const fetched = await fetchAt(address, "direction/model.onnx", behind.secret);
      assertFails(fetched, "SourceUnavailable", message);
      const chosen = { ...behind.secret, AWS_S3_ADDRESSING_STYLE: "virtual" };
      const early = await fetchAt(address, "direction/model.onnx", chosen);
      assertFails(early, "InvalidConfiguration", /AWS_S3_ADDRESSING_STYLE is virtual, but AWS_ENDPOINT_URL names the/);
      assert.deepEqual(gate.asked, [address]);
    } finally {
      await gate.close();
    }
  });

  test("gets no signature for a host that the endpoint does not name", async () => {
    const other = "<Endpoint>models.elsewhere.s3.test</Endpoint>";
    const gate = await startGate(behind.host, { status: 301, code: "PermanentRedirect", more: other });
    try {
      const fetched = await fetchAt(gate.host, "direction/model.onnx", behind.secret);
      assertFails(fetched, "SourceUnavailable", /elsewhere and does not say where/);
      assert.deepEqual(gate.asked, [gate.host]);
    } finally {
      await gate.close();
    }
  });

  test("that refuses the bucket's own host as well is not asked for ever", async () => {
    const gate = await startGate(behind.host, {
      status: 403,
      code: "SecondLevelDomainForbidden",
      more: "",
      always: true,
    });
    try {
      const fetched = await fetchAt(gate.host, "direction/model.onnx", behind.secret);
      const message = /^models\.s3\.test:\d+ refuses "models\/direction\/model\.onnx" with SecondLevelDomainForbidden/;
      assertFails(fetched, "SourceUnavailable", message);
      assert.ok(!fetched.report.ok && !fetched.report.message.includes("credentials"));
      assert.deepEqual(gate.asked, [gate.host, `models.${gate.host}`]);
    } finally {
      await gate.close();
    }
  });
});

test("a bucket behind a plain host is not spoken to in plain at another port or domain", async () => {
  const store = await startVirtualOnly();
  try {
    const secret = { ...store.secret, AWS_S3_ADDRESSING_STYLE: "virtual" };
    for (const named of [`${domain}:1`, domain, `other.${store.host}`]) {
      const fetched = await fetchAt(store.host, "direction/model.onnx", secret, { SLIPWAY_PLAIN_HTTP_HOSTS: named });
      assertFails(fetched, "UnsupportedSource", /leads to http:\/\/models\.s3\.test:\d+, which is not TLS/);
    }
  } finally {
    await store.close();
  }
});

function fetchAt(
  host: string,
  key: string,
  secret: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Fetched> {
  return fetching(
    { SLIPWAY_MODEL_URI: `s3://models/${key}`, SLIPWAY_PLAIN_HTTP_HOSTS: host, ...environment },
    { limits: impatient, secret: { ...secret, AWS_ENDPOINT_URL: `http://${host}` } },
  );
}

interface Gate {
  /** `host:port` of the endpoint. */
  readonly host: string;
  /** Hosts that were asked, by their names. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  /** More of the error's elements; HOST stands for the gate's. */
  readonly more: string;
  /** Also where the bucket is in the host's name. */
  readonly always?: true;
}

/** Refuses a bucket in the path as a store does, and passes everything else on as it is: host and signature are kept. */
async function startGate(target: string, { status, code, more, always }: Refusal): Promise<Gate> {
  const asked: string[] = [];
  const server = createServer((asking: IncomingMessage, response) => {
    const host = asking.headers.host ?? "";
    asked.push(host);
    if (always === true || !host.startsWith("models.")) {
      const detail = more.replace("HOST", host);
      response.writeHead(status).end(`<Error><Code>${code}</Code><Message>In the host.</Message>${detail}</Error>`);
      return;
    }
    const { url, headers } = asking;
    const [hostname, port] = target.split(":");
    httpRequest({ hostname, port, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    })
      .on("error", () => response.destroy())
      .end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    host: `${domain}:${address.port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
