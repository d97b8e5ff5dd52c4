import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { tarOf } from "../../../fixtures/oci.ts";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import {
  assertFails,
  assertFolder,
  assertModel,
  assertSentOnce,
  type Fetched,
  fetching,
  type FetchingOptions,
  sha256,
} from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { externalDataModel, paddedModel } from "../models.ts";
import { region, type S3Server, startS3Server } from "../servers/s3-server.ts";

const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20, 20, 20] };
const mebibyte = 1024 ** 2;

const model = paddedModel(3 * mebibyte);
let server: S3Server;
let secret: Readonly<Record<string, string>>;
before(async () => {
  server = await startS3Server();
  secret = { ...server.keys, AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: region };
  await server.put("direction/model.onnx", model);
});
after(() => server.close());

function fetchKey(
  key: string,
  options: FetchingOptions & { readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<Fetched> {
  const { environment = {}, ...rest } = options;
  return fetching(
    { SLIPWAY_MODEL_URI: `s3://models/${key}`, SLIPWAY_PLAIN_HTTP_HOSTS: server.host, ...environment },
    { limits: impatient, secret, ...rest },
  );
}

describe("a bucket", () => {
  test("gives an object, whose digest is that of its bytes", async () => {
    assertModel(await fetchKey("direction/model.onnx"), model);
  });

  test("gives a folder packed into an object", async () => {
    const files = externalDataModel();
    const tar = await tarOf(Object.entries(files).map(([name, content]) => ({ header: { name }, content })));
    await server.put("packed/model.tar.gz", gzipSync(tar));
    assertFolder(await fetchKey("packed/model.tar.gz"), files);
  });

  test("gives a folder, whatever its keys are called", async () => {
    const files: Record<string, Buffer> = {
      ...externalDataModel("weights/part 1+2.bin"),
      "labels/größe & 'more' (100%) <é>.txt": Buffer.from("labels"),
      "a=b,c;d@e$f!g~h.json": Buffer.from("{}"),
    };
    for (const [name, content] of Object.entries(files)) await server.put(`folder/${name}`, content);
    await server.put("folder/", Buffer.alloc(0));
    await server.put("folder-beside/model.onnx", model);
    assertFolder(await fetchKey("folder/"), files);
  });

  test("gives a folder of more files than one listing tells", async () => {
    const files: Record<string, Buffer> = { "model.onnx": model };
    for (let index = 0; index < 1005; index += 1) files[`part-${index}`] = Buffer.from(String(index));
    const names = Object.keys(files);
    const upload = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        await server.put(`many/${name}`, files[name] ?? Buffer.alloc(0));
      }
    };
    await Promise.all(Array.from({ length: 8 }, upload));
    assertFolder(await fetchKey("many/"), files);
  });

  test("gives the version of an object that is asked for", async () => {
    const versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await server.bucket("versioning", versions);
    const [old, fresh] = [paddedModel(1000), paddedModel(1000)];
    const version = await server.put("versioned/model.onnx", old);
    await server.put("versioned/model.onnx", fresh);
    assert.match(version ?? "", /^\S{8,}$/);
    assertModel(await fetchKey("versioned/model.onnx"), fresh);
    assertModel(await fetchKey(`versioned/model.onnx?versionId=${version}`), old);
  });

  test("that lies in another region than said is read in its own", async () => {
    assertModel(await fetchKey("direction/model.onnx", { secret: { ...secret, AWS_REGION: "us-east-1" } }), model);
  });

  test("is found by the environment as well", async () => {
    const environment = { AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: region };
    assertModel(await fetchKey("direction/model.onnx", { secret: server.keys, environment }), model);
  });

  test("enforces what was recorded", async () => {
    const environment = { SLIPWAY_RECORDED_DIGEST: sha256(model) };
    assertModel(await fetchKey("direction/model.onnx", { environment }), model);
    await server.put("replaced/model.onnx", paddedModel(1000));
    assertFails(await fetchKey("replaced/model.onnx", { environment }), "VersionReused", /first resolved to sha256/);
  });
});

test("a bucket behind TLS is trusted with an authority of one's own", async () => {
  const secure = await startS3Server({ tls: true });
  try {
    await secure.put("model.onnx", model);
    const environment = { SLIPWAY_CERTIFICATE_AUTHORITY: secure.authority?.authorityPem ?? "" };
    const withTls = { ...secret, AWS_ENDPOINT_URL: secure.endpoint };
    assertModel(await fetchKey("model.onnx", { secret: withTls, environment }), model);
    assertFails(await fetchKey("model.onnx", { secret: withTls }), "SourceUnavailable", /is not trusted/);
  } finally {
    await secure.close();
  }
});

describe("what is refused", () => {
  const advice = /source\.secretRef.*source\.serviceAccountName/;
  test("an object, a folder and a bucket that are not there", async () => {
    assertFails(
      await fetchKey("nothing"),
      "NotFound",
      /NoSuchKey.*"models\/nothing"\. Check bucket and key.*ends with \//,
    );
    assertFails(await fetchKey("direction"), "NotFound", /ends with \//);
    assertFails(await fetchKey("nothing/"), "NotFound", /Nothing lies below "models\/nothing\/"/);
    const environment = { SLIPWAY_MODEL_URI: "s3://other-bucket/model.onnx" };
    assertFails(await fetchKey("", { environment }), "NotFound", /NoSuchBucket/);
  });

  test("wrong keys, unknown keys and none", async () => {
    const wrong = { ...secret, AWS_SECRET_ACCESS_KEY: "another-secret" };
    assertFails(
      await fetchKey("direction/model.onnx", { secret: wrong }),
      "Unauthorized",
      /SignatureDoesNotMatch \(status 403\)\. Check them/,
    );
    const unknown = { ...secret, AWS_ACCESS_KEY_ID: "nobody-at-all" };
    assertFails(
      await fetchKey("direction/model.onnx", { secret: unknown }),
      "Unauthorized",
      /does not know the credentials/,
    );
    const anonymous = { AWS_ENDPOINT_URL: server.endpoint };
    assertFails(await fetchKey("direction/model.onnx", { secret: anonymous }), "Unauthorized", advice);
    assertFails(await fetchKey("direction/", { secret: anonymous }), "Unauthorized", advice);
    const half = { ...anonymous, AWS_ACCESS_KEY_ID: server.keys.AWS_ACCESS_KEY_ID };
    assertFails(
      await fetchKey("direction/", { secret: half }),
      "InvalidConfiguration",
      /only one of AWS_ACCESS_KEY_ID and/,
    );
  });

  test("a session token that the server does not take", async () => {
    const stale = { ...secret, AWS_SESSION_TOKEN: "stale-session-token" };
    assertFails(await fetchKey("direction/model.onnx", { secret: stale }), "Unauthorized", /InvalidToken/);
  });

  test("more bytes than allowed, in one object and in a folder", async () => {
    const environment = { SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "1000000" };
    for (const key of ["direction/model.onnx", "direction/"]) {
      const fetched = await fetchKey(key, { environment });
      assertFails(fetched, "TooLarge", /1000000.*Raise source\.sizeLimit/);
      assert.ok([...fetched.files.values()].every(({ byteLength }) => byteLength === 0));
    }
  });

  test("an endpoint without TLS that nobody named", async () => {
    const environment = { SLIPWAY_PLAIN_HTTP_HOSTS: "" };
    assertFails(await fetchKey("direction/model.onnx", { environment }), "UnsupportedSource", /is not TLS/);
  });
});

test("a connection that is cut goes on where it broke, under the same signature rules", async () => {
  const proxy = await startCuttingProxy(server.host, { kind: "cut", afterBytes: mebibyte, times: 2 });
  try {
    const behind = { ...secret, AWS_ENDPOINT_URL: `http://${proxy.host}` };
    const environment = { SLIPWAY_PLAIN_HTTP_HOSTS: proxy.host };
    const fetched = await fetchKey("direction/model.onnx", { secret: behind, environment });
    assertModel(fetched, model);
    assert.equal(proxy.broken(), 2);
    assertSentOnce(proxy.passed(), model.byteLength);
    const folder = await fetchKey("direction/", { secret: behind, environment });
    assertFolder(folder, { "model.onnx": model });
  } finally {
    await proxy.close();
  }
});

describe("a pod's identity", () => {
  let directory: string;
  let tokenFile: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-identity-"));
    tokenFile = join(directory, "token");
    await writeFile(tokenFile, "token-of-the-service-account\n");
  });
  after(() => rm(directory, { recursive: true }));

  test("is taken from the node's agent", async () => {
    const asked: (string | undefined)[] = [];
    const agent = await serve((request, response) => {
      asked.push(request.headers.authorization);
      const { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey } = server.keys;
      response.end(JSON.stringify({ AccessKeyId, SecretAccessKey, Expiration: "2036-01-01T00:00:00Z" }));
    });
    try {
      const environment = {
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.origin}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
      };
      assertModel(await fetchKey("direction/model.onnx", { secret: {}, environment }), model);
      assert.deepEqual(asked, ["token-of-the-service-account"]);
    } finally {
      await agent.close();
    }
  });

  test("is refused by an agent in so many words", async () => {
    const agent = await serve((_request, response) => void response.writeHead(404).end("no association"));
    try {
      const environment = {
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.origin}/v1/credentials`,
      };
      const fetched = await fetchKey("direction/model.onnx", { secret: {}, environment });
      assertFails(fetched, "Unauthorized", /gives the pod no credentials \(status 404\).*source\.serviceAccountName/);
    } finally {
      await agent.close();
    }
  });

  test("is refused by STS in so many words, and its token stays secret", async () => {
    const bodies: string[] = [];
    const sts = await serve((request, response) => {
      request.on("data", (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on("end", () => {
        response.writeHead(403).end("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>");
      });
    });
    try {
      const role = "arn:aws:iam::000000000000:role/models";
      const fetched = await fetchKey("direction/model.onnx", {
        secret: {},
        environment: {
          AWS_ENDPOINT_URL: server.endpoint,
          AWS_ENDPOINT_URL_STS: sts.origin,
          AWS_ROLE_ARN: role,
          AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
          SLIPWAY_PLAIN_HTTP_HOSTS: `${server.host},${sts.host}`,
        },
      });
      assertFails(
        fetched,
        "Unauthorized",
        /take the role arn:aws:iam::000000000000:role\/models \(status 403, AccessDenied\)/,
      );
      assert.ok(!JSON.stringify(fetched).includes("token-of-the-service-account"));
      assert.deepEqual(Object.fromEntries(new URLSearchParams(bodies.join(""))), {
        Action: "AssumeRoleWithWebIdentity",
        Version: "2011-06-15",
        RoleArn: role,
        RoleSessionName: "slipway",
        WebIdentityToken: "token-of-the-service-account",
      });
    } finally {
      await sts.close();
    }
  });
});
