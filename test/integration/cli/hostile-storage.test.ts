/** Whoever a registry sends an upload to sees no credentials, and gets none by asking for them. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { directionModels } from "../../../demo/models.ts";
import { type Running, serve } from "../fetch/servers/file-server.ts";
import { type HostileStorage, startHostileStorage } from "../fetch/servers/hostile-storage.ts";
import { type Ran, slipway, withFolder } from "./slipway.ts";

const username = "ada";
const password = "pass-of-ada";
const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

let storage: HostileStorage;
beforeEach(async () => {
  storage = await startHostileStorage();
});
afterEach(() => storage.close());

/** What came back from the storage, by path and with what was shown. */
interface Registry extends Running {
  readonly returned: readonly (readonly [string | undefined, string | undefined])[];
}

/** Lets in whom it asked for a name and password, itself or by its token service, and sends uploads to the storage. */
async function startRegistry(asks: "Basic" | "Bearer"): Promise<Registry> {
  const returned: (readonly [string | undefined, string | undefined])[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorization, host } = request.headers;
    const { method, url } = request;
    if (url?.startsWith("/token") === true) {
      response.writeHead(authorization === basic ? 200 : 401).end('{"token":"of-the-service"}');
    } else if (url?.startsWith("/returned") === true) {
      returned.push([url, authorization]);
      response.writeHead(401, { "www-authenticate": 'Basic realm="models"' }).end();
    } else if (authorization !== (asks === "Basic" ? basic : "Bearer of-the-service")) {
      const challenge = asks === "Basic" ? 'Basic realm="models"' : `Bearer realm="http://${host}/token"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    } else if (method === "POST") response.writeHead(202, { location: `${storage.origin}/upload?state=1` }).end();
    else response.writeHead(404).end();
  };
  return { ...(await serve(answer)), returned };
}

function pushTo({ host }: Running): Promise<Ran> {
  return withFolder(async (directory) => {
    await writeFile(join(directory, "model.onnx"), directionModels().v1);
    const words = ["push", join(directory, "model.onnx"), `oci://${host}/m:1`, "--plain-http"];
    return slipway([...words, "--username", username, "--password-stdin"], { input: password });
  });
}

for (const asks of ["Basic", "Bearer"] as const) {
  test(`a storage that asks for a password gets none from a push that showed ${asks}`, async () => {
    const registry = await startRegistry(asks);
    try {
      const { code, stderr } = await pushTo(registry);
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(`${storage.host}, to which ${registry.host} sends blob sha256:.*, refuses it \\(status 401\\)`),
      );
      storage.assertLearnedNothing([username, password, "of-the-service"]);
    } finally {
      await registry.close();
    }
  });

  test(`a storage that leads back to the registry is not lent the right to push that was shown as ${asks}`, async () => {
    const registry = await startRegistry(asks);
    storage.sendOnTo(`${registry.origin}/returned`);
    try {
      const { code, stderr } = await pushTo(registry);
      assert.equal(code, 1);
      assert.match(stderr, /sends blob sha256:.*, refuses it \(status 401\)\. No credentials were sent there/);
      assert.ok(registry.returned.length > 0);
      for (const [path, authorization] of registry.returned) {
        assert.deepEqual([path, authorization], ["/returned", undefined]);
      }
      storage.assertLearnedNothing([username, password, "of-the-service"]);
    } finally {
      await registry.close();
    }
  });
}
