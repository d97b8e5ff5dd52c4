import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inClusterAccess, kubeconfigAccess } from "./credentials.ts";
import { createManualClock } from "../test-clock.ts";

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "credentials-"));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("in a pod: the files kubelet mounts, read again after a minute, kept when they cannot be read", async () => {
  await inDirectory(async (directory) => {
    const write = async (name: string, text: string): Promise<void> => await writeFile(join(directory, name), text);
    await write("token", "first\n");
    await write("ca.crt", "CA1");
    await write("namespace", "slipway\n");
    const clock = createManualClock();
    const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    const access = await inClusterAccess(environment, clock, directory);
    assert.ok(access !== undefined);
    assert.deepEqual([access.server, access.namespace], ["https://[fd00::1]:443", "slipway"]);
    const { credentials } = access;
    const before = await credentials.tls();
    assert.deepEqual([await credentials.authorization(), before], ["Bearer first", { ca: "CA1" }]);

    await write("token", "second\n");
    assert.equal(await credentials.authorization(), "Bearer first");
    await clock.advance(60_000);
    assert.equal(await credentials.authorization(), "Bearer second");
    assert.equal(await credentials.tls(), before, "the same CA is the same object: no new connections");

    await write("ca.crt", "CA2");
    await rm(join(directory, "token"));
    await clock.advance(60_000);
    assert.deepEqual(await credentials.tls(), { ca: "CA2" });
    assert.equal(await credentials.authorization(), "Bearer second");
  });
});

test("outside of a pod there is no access by files", async () => {
  assert.equal(await inClusterAccess({}, createManualClock()), undefined);
});

const users: readonly (readonly [name: string, user: object, authorization: string | undefined, tls: object])[] = [
  ["a token", { token: "t" }, "Bearer t", {}],
  ["a password", { username: "u", password: "p" }, `Basic ${Buffer.from("u:p").toString("base64")}`, {}],
  [
    "a client certificate",
    { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") },
    undefined,
    { cert: "CERT", key: "KEY" },
  ],
  [
    "an exec plug-in",
    {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "echo",
        args: [
          '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-exec"}}',
        ],
        interactiveMode: "Never",
      },
    },
    "Bearer from-exec",
    {},
  ],
];
for (const [name, user, authorization, tls] of users) {
  test(`a kubeconfig with ${name}`, async () => {
    await inDirectory(async (directory) => {
      const file = join(directory, "config");
      await writeFile(
        file,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [
            { name: "c", cluster: { server: "https://c:6443/", "certificate-authority-data": base64("CA") } },
            { name: "d", cluster: { server: "https://d:6443", "insecure-skip-tls-verify": true } },
          ],
          users: [{ name: "u", user }],
          contexts: [
            { name: "c", context: contextOf("c") },
            { name: "d", context: contextOf("d") },
          ],
          "current-context": "c",
        }),
      );
      const clock = createManualClock();
      const access = await kubeconfigAccess({ file, clock });
      assert.deepEqual([access.server, access.namespace], ["https://c:6443", "c-ns"]);
      assert.equal(await access.credentials.authorization(), authorization);
      assert.deepEqual(await access.credentials.tls(), { ca: "CA", ...tls });
      assert.equal(await access.credentials.tls(), await access.credentials.tls());

      const other = await kubeconfigAccess({ file, context: "d", clock });
      assert.deepEqual([other.server, other.namespace], ["https://d:6443", "d-ns"]);
      assert.deepEqual(await other.credentials.tls(), { rejectUnauthorized: false, ...tls });
    });
  });
}

test("a kubeconfig whose context names nothing says so", async () => {
  await inDirectory(async (directory) => {
    const file = join(directory, "config");
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [], users: [], contexts: [] }));
    await assert.rejects(
      kubeconfigAccess({ file, context: "none", clock: createManualClock() }),
      /"none" names no cluster/,
    );
  });
});

function contextOf(cluster: string): object {
  return { cluster, user: "u", namespace: `${cluster}-ns` };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
