/** A host that speaks TLS and leads to an address without it is the one to be corrected: TLS is not given away. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directionModels } from "../../../../demo/models.ts";
import { slipway } from "../../cli/slipway.ts";
import { type Authority, createAuthority } from "../servers/authority.ts";
import { assertFails, fetching } from "../fetching.ts";
import { type Running, serve } from "../servers/file-server.ts";

const secret = { username: "ada", password: "pass-of-ada" };
const limits = { retryDelaysMilliseconds: [20] };

let directory: string;
let authority: Authority;
let plain: Running;
const asked: IncomingMessage[] = [];
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-downgrade-"));
  authority = await createAuthority(join(directory, "authority"));
  plain = await serve((request, response) => {
    asked.push(request);
    response.end('{"token":"abc"}');
  });
});
after(async () => {
  await plain.close();
  await rm(directory, { recursive: true });
});

/** A registry whose external URL is wrong: it names its own host, or another one, without TLS. */
function registryThatNames(service: string): Promise<Running> {
  return serve((_request, response) => {
    response.writeHead(401, { "www-authenticate": `Bearer realm="${service}/service/token"` }).end();
  }, authority);
}

for (const host of ["127.0.0.1", "localhost"]) {
  test(`a registry over TLS that names a token service at ${host} without it`, async () => {
    const service = `http://${host}:${plain.host.split(":")[1]}`;
    const registry = await registryThatNames(service);
    try {
      const fetched = await fetching(
        { SLIPWAY_MODEL_URI: `oci://${registry.host}/m:1`, SLIPWAY_CERTIFICATE_AUTHORITY: authority.authorityPem },
        { limits, secret },
      );
      assertFails(
        fetched,
        "SourceUnavailable",
        new RegExp(
          `^${registry.host} speaks TLS and leads to ${service}, which is without: nothing was sent there\\. Set the external URL of ${registry.host} to https\\.$`,
        ),
      );
      const model = join(directory, "model.onnx");
      await writeFile(model, directionModels().v1);
      const words = ["push", model, `oci://${registry.host}/m:1`, "--ca", authority.authorityPath];
      const { stderr } = await slipway([...words, "-u", secret.username, "--password-stdin"], {
        input: secret.password,
      });
      assert.match(stderr, /no https URL: nothing was sent there\. Set the external URL of 127\.0\.0\.1:\d+ to https/);
      assert.deepEqual(asked, []);
    } finally {
      await registry.close();
    }
  });
}

test("a token service without TLS that the operator's owner named is asked", async () => {
  const registry = await registryThatNames(plain.origin);
  try {
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: `oci://${registry.host}/m:1`,
        SLIPWAY_CERTIFICATE_AUTHORITY: authority.authorityPem,
        SLIPWAY_PLAIN_HTTP_HOSTS: plain.host,
      },
      { limits, secret },
    );
    assertFails(fetched, "Unauthorized", /to the credentials of the source's Secret/);
    assert.equal(asked.splice(0).length, 1);
  } finally {
    await registry.close();
  }
});

test("a web server over TLS that redirects to itself without it; to another host, that one may be named", async () => {
  const redirects: readonly [string, RegExp][] = [
    [plain.origin, /speaks TLS and leads to http:\/\/127\.0\.0\.1:\d+, which is without/],
    [`http://localhost:1`, /leads to http:\/\/localhost:1, which is not TLS\. If plain HTTP is meant, name the host/],
  ];
  for (const [location, message] of redirects) {
    const server = await serve((_request, response) => void response.writeHead(302, { location }).end(), authority);
    try {
      const fetched = await fetching(
        { SLIPWAY_MODEL_URI: `${server.origin}/m`, SLIPWAY_CERTIFICATE_AUTHORITY: authority.authorityPem },
        { limits, secret },
      );
      assertFails(fetched, "SourceUnavailable", message);
      assert.deepEqual(asked, []);
    } finally {
      await server.close();
    }
  }
});
