import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { storedCredentials } from "./docker-config.ts";

const directory = await mkdtemp(join(tmpdir(), "slipway-docker-"));
after(() => rm(directory, { recursive: true }));
const variables = { DOCKER_CONFIG: directory };

async function stored(config: string): Promise<unknown> {
  await writeFile(join(directory, "config.json"), config);
  return storedCredentials(variables, "registry.test", "models/digits");
}

test("a login is found by the registry's host", async () => {
  const auth = Buffer.from("ada:pass:word").toString("base64");
  const found = await stored(JSON.stringify({ auths: { "registry.test": { auth }, other: { auth: "eDp5" } } }));
  assert.deepEqual(found, { kind: "basic", username: "ada", password: "pass:word" });
});

test("no login, no file and a helper alone are nobody", async () => {
  assert.equal(await stored(JSON.stringify({ auths: {} })), undefined);
  assert.equal(await stored(JSON.stringify({ credsStore: "desktop" })), undefined);
  assert.equal(await storedCredentials({ DOCKER_CONFIG: join(directory, "none") }, "registry.test", "x"), undefined);
});

test("a broken file is named", async () => {
  await assert.rejects(stored("{"), { message: /config\.json is not JSON: repair it, or log in again/ });
});
