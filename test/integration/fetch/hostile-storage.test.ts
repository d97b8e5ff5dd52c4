/** Whoever a source sends on to sees no credentials, and gets none by asking for them. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { directionModels } from "../../../demo/models.ts";
import { pushArtifact } from "../../fixtures/oci.ts";
import { type Authority, createAuthority } from "./servers/authority.ts";
import { assertFails, fetching } from "./fetching.ts";
import { serve } from "./servers/file-server.ts";
import { type HostileStorage, startHostileStorage } from "./servers/hostile-storage.ts";
import { type Registry, startRegistry } from "./servers/registry.ts";
import { member, startTokenService, type TokenService } from "./servers/token-service.ts";

const files = [{ name: "model.onnx", content: directionModels().v1 }];
const limits = { retryDelaysMilliseconds: [20] };
const { username, password, identityToken } = member;

let directory: string;
let authority: Authority;
let storage: HostileStorage;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-storage-"));
  authority = await createAuthority(join(directory, "authority"));
});
after(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  storage = await startHostileStorage();
});
afterEach(() => storage.close());

/** Of the storage, by name, and not of who sent there. */
function refusalOf(host: string): RegExp {
  return new RegExp(
    `^${storage.host}, to which ${host} redirects for .*, refuses it \\(status 401\\)\\. No credentials were sent there\\. Check the storage behind ${host}`,
  );
}

describe("a registry whose storage is not its own any more", () => {
  let open: Registry;
  let tokens: TokenService;
  before(async () => {
    open = await startRegistry();
    await pushArtifact({ registry: open.host, repository: "m", plainHttp: true, tag: "1", files });
    tokens = await startTokenService(authority);
  });
  after(async () => {
    await open.close();
    await tokens.close();
  });

  const pairs = `${username}:${password}`;
  const ways: readonly [string, (host: string) => Readonly<Record<string, string>>][] = [
    ["a user name and password", () => ({ username, password })],
    ["a Docker configuration", (host) => dockerConfig(host, { auth: Buffer.from(pairs).toString("base64") })],
    ["an identity token", (host) => dockerConfig(host, { auth: "MDo=", identitytoken: identityToken })],
    ["a token", () => ({ token: tokens.token("m", ["pull"]) })],
    ["nobody's access", () => ({})],
  ];
  for (const [what, secretFor] of ways) {
    test(`which asks for a token, and is shown ${what}`, async () => {
      const registry = await startRegistry({
        dataOf: open,
        storage: storage.origin,
        tokenService: { realm: tokens.realm, rootCertificates: authority.authorityPath },
      });
      try {
        const secret = secretFor(registry.host);
        const plain = [registry.host, tokens.host, storage.host, storage.thief.host].join(",");
        const fetched = await fetching(
          { SLIPWAY_MODEL_URI: `oci://${registry.host}/m:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
          { limits, secret },
        );
        assertFails(fetched, "SourceUnavailable", refusalOf(registry.host));
        storage.assertLearnedNothing([username, password, identityToken, ...Object.values(secret)]);
      } finally {
        await registry.close();
      }
    });
  }

  test("which asks for a password", async () => {
    const known = { username: "letters", password: "abcdefghijklmnopqrstuvwxyz" };
    // Of the alphabet, from the published test vectors of bcrypt.
    const bcrypted = "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC";
    const registry = await startRegistry({
      dataOf: open,
      storage: storage.origin,
      passwords: `letters:${bcrypted}\n`,
    });
    try {
      const plain = [registry.host, storage.host, storage.thief.host].join(",");
      const fetched = await fetching(
        { SLIPWAY_MODEL_URI: `oci://${registry.host}/m:1`, SLIPWAY_PLAIN_HTTP_HOSTS: plain },
        { limits, secret: known },
      );
      assertFails(fetched, "SourceUnavailable", refusalOf(registry.host));
      storage.assertLearnedNothing(Object.values(known));
    } finally {
      await registry.close();
    }
  });
});

/** Who sends on to the storage: the address below it, keys of the Secret, and the host's answer before it redirects. */
const sources: readonly [string, (host: string) => string, (origin: string) => Readonly<Record<string, string>>][] = [
  ["a web server, shown a token", (host) => `http://${host}/direction.onnx`, () => ({ token: "token-of-the-model" })],
  ["a web server, shown a password", (host) => `http://${host}/direction.onnx`, () => ({ username, password })],
  ["a Hub", () => "hf://team/direction/model.onnx", (origin) => ({ HF_TOKEN: "hf_of_the_team", HF_ENDPOINT: origin })],
];
for (const [what, uriAt, secretFor] of sources) {
  test(`${what}, sends on`, async () => {
    const asked: (string | undefined)[] = [];
    const source = await serve((request, response) => {
      asked.push(request.headers.authorization);
      if (request.url?.startsWith("/api/models/") === true) {
        response.end(JSON.stringify({ sha: "c".repeat(40), siblings: [{ rfilename: "model.onnx", size: 10 }] }));
      } else response.writeHead(302, { location: `${storage.origin}/blob` }).end();
    });
    try {
      const secret = secretFor(source.origin);
      const plain = [source.host, storage.host, storage.thief.host].join(",");
      const fetched = await fetching(
        { SLIPWAY_MODEL_URI: uriAt(source.host), SLIPWAY_PLAIN_HTTP_HOSTS: plain },
        { limits, secret },
      );
      assertFails(fetched, "SourceUnavailable", refusalOf(source.host));
      assert.ok(asked.every((authorization) => authorization !== undefined));
      const { HF_ENDPOINT: _, ...secrets } = secret;
      storage.assertLearnedNothing(Object.values(secrets));
    } finally {
      await source.close();
    }
  });
}

test("a bucket sends on, and is not followed", async () => {
  let told = 0;
  const elsewhere = await serve((_request, response) => {
    told += 1;
    response.end();
  });
  const bucket = await serve(
    (_request, response) => void response.writeHead(307, { location: elsewhere.origin }).end(),
  );
  try {
    const secret = {
      AWS_ACCESS_KEY_ID: "slipway-test",
      AWS_SECRET_ACCESS_KEY: "a_secret/of_the+test",
      AWS_SESSION_TOKEN: "session-token",
      AWS_ENDPOINT_URL: bucket.origin,
    };
    const fetched = await fetching(
      { SLIPWAY_MODEL_URI: "s3://models/direction.onnx", SLIPWAY_PLAIN_HTTP_HOSTS: `${bucket.host},${elsewhere.host}` },
      { limits, secret },
    );
    assertFails(fetched, "SourceUnavailable", new RegExp(`^${bucket.host} sends requests for the bucket models`));
    assert.equal(told, 0);
  } finally {
    await elsewhere.close();
    await bucket.close();
  }
});

/** Who gives the pod its keys, by its variables; and what is said of one that sends on. */
const givers: readonly [string, (origin: string) => Readonly<Record<string, string>>, RegExp][] = [
  [
    "an agent that hands out keys",
    (origin) => ({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/v1`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "of-the-pod",
    }),
    /gives the pod no credentials \(status 307\)/,
  ],
  [
    "a service that exchanges a token for keys",
    (origin) => ({
      AWS_ENDPOINT_URL_STS: origin,
      AWS_ROLE_ARN: "arn:aws:iam::1:role/models",
      AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, "token"),
    }),
    /does not let the pod's service account take the role .* \(status 307/,
  ],
];
for (const [what, variablesFor, message] of givers) {
  test(`${what} sends on, and is not followed`, async () => {
    await writeFile(join(directory, "token"), "of-the-pod");
    let told = 0;
    const elsewhere = await serve((_request, response) => {
      told += 1;
      response.end();
    });
    const giver = await serve(
      (_request, response) => void response.writeHead(307, { location: elsewhere.origin }).end(),
    );
    try {
      const fetched = await fetching(
        {
          SLIPWAY_MODEL_URI: "s3://models/direction.onnx",
          SLIPWAY_PLAIN_HTTP_HOSTS: `${giver.host},${elsewhere.host}`,
          ...variablesFor(giver.origin),
        },
        { limits },
      );
      assertFails(fetched, "Unauthorized", message);
      assert.equal(told, 0);
    } finally {
      await elsewhere.close();
      await giver.close();
    }
  });
}

describe("a storage that leads back", () => {
  for (const kind of ["oci", "http"] as const) {
    test(`to the host of ${kind}://, which is then shown nothing that it was not asked for by name`, async () => {
      const seen: (readonly [string | undefined, string | undefined])[] = [];
      const secret = { username, password };
      const source = await serve((request, response) => {
        const { authorization } = request.headers;
        seen.push([request.url, authorization]);
        if (authorization === undefined) {
          response.writeHead(401, { "www-authenticate": 'Basic realm="models"' }).end();
        } else response.writeHead(307, { location: `${storage.origin}/blob` }).end();
      });
      storage.sendOnTo(`${source.origin}/somebody/elses`);
      try {
        const plain = [source.host, storage.host].join(",");
        const fetched = await fetching(
          {
            SLIPWAY_MODEL_URI: kind === "oci" ? `oci://${source.host}/m:1` : `http://${source.host}/m`,
            SLIPWAY_PLAIN_HTTP_HOSTS: plain,
          },
          { limits: { retryDelaysMilliseconds: [] }, secret },
        );
        assertFails(fetched, "SourceUnavailable", /redirects for .*, refuses it \(status 401\)\. No credentials/);
        const returned = seen.filter(([path]) => path === "/somebody/elses");
        assert.deepEqual(returned, [["/somebody/elses", undefined]]);
        storage.assertLearnedNothing(Object.values(secret));
      } finally {
        await source.close();
      }
    });
  }
});

describe("a token service on another host", () => {
  test("is shown the password when the registry itself names it, over TLS", async () => {
    const asked: (string | undefined)[] = [];
    const service = await serve((request, response) => {
      asked.push(request.headers.authorization);
      response.end('{"token":"of-the-service"}');
    }, authority);
    const registry = await serve((request, response) => {
      if (request.headers.authorization === "Bearer of-the-service") response.writeHead(404).end();
      else response.writeHead(401, { "www-authenticate": `Bearer realm="${service.origin}/token"` }).end();
    }, authority);
    try {
      const fetched = await fetching(
        {
          SLIPWAY_MODEL_URI: `oci://${registry.host}/m:1`,
          SLIPWAY_CERTIFICATE_AUTHORITY: authority.authorityPem,
        },
        { limits, secret: { username, password } },
      );
      // The token was taken: what is missing is the model.
      assertFails(fetched, "NotFound", /has no m:1/);
      assert.deepEqual(asked, [`Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`]);
    } finally {
      await registry.close();
      await service.close();
    }
  });
});

function dockerConfig(host: string, entry: object): Record<string, string> {
  return { ".dockerconfigjson": JSON.stringify({ auths: { [host]: entry } }) };
}
