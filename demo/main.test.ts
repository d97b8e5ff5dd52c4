import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CommandError, run } from "../test/cluster/command.ts";
import { repositoryDirectory } from "../test/cluster/directories.ts";

const main = join(repositoryDirectory, "demo", "main.ts");

test("no cluster is touched that nobody has agreed to", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-demo-test-"));
  t.after(() => rm(directory, { recursive: true }));
  let connections = 0;
  const cluster = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  cluster.listen(0, "127.0.0.1");
  await once(cluster, "listening");
  t.after(() => cluster.close());
  const kubeconfig = join(directory, "kubeconfig");
  const server = `https://127.0.0.1:${(cluster.address() as AddressInfo).port}`;
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(server)));

  const refused: readonly { readonly flags: readonly string[]; readonly code: number; readonly says: RegExp }[] = [
    { flags: [], code: 1, says: /current context is production .* without a terminal .* --yes-use=production/ },
    { flags: ["--yes-use=staging"], code: 1, says: /--yes-use names staging, but the current context is production/ },
    { flags: ["--yes-use"], code: 2, says: /--yes-use/ },
  ];
  for (const { flags, code, says } of refused) {
    await t.test(`with ${flags.join(" ") || "no terminal"}`, async () => {
      const started = run(process.execPath, [main, "--cluster=current", "--registry=registry.example.com", ...flags], {
        environment: { KUBECONFIG: kubeconfig },
        timeoutMilliseconds: 60_000,
      });
      await assert.rejects(started, (error) => {
        assert.ok(error instanceof CommandError);
        assert.equal(error.exitCode, code);
        assert.match(error.stdout + error.stderr, says);
        return true;
      });
      assert.equal(connections, 0);
    });
  }
});

test("make passes the word on from its command line, and not from the environment", async () => {
  assert.equal(await recipe([], { CLUSTER: "current", REGISTRY: "a.b" }), "npm run --silent demo -- ");
  assert.equal(
    await recipe(["CLUSTER=current", "REGISTRY=a.b", "PLAIN_HTTP=1", "YES_USE=kind-a"]),
    "npm run --silent demo -- --cluster=current --registry=a.b --plain-http --yes-use=kind-a",
  );
  assert.equal(await recipe(["CLUSTER=other"]), "npm run --silent demo -- --cluster=other");
});

/** What `make demo` would run. */
async function recipe(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const { stdout } = await run("make", ["--dry-run", "demo", ...parameters], {
    directory: repositoryDirectory,
    // The tests themselves may have been started by make.
    environment: { ...environment, MAKEFLAGS: "" },
  });
  return stdout.split("\n").find((line) => line.includes("npm run --silent demo"));
}

function kubeconfigOf(server: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "production",
    clusters: [{ name: "a", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "b", user: { token: "t" } }],
    contexts: [
      { name: "production", context: { cluster: "a", user: "b" } },
      { name: "staging", context: { cluster: "a", user: "b" } },
    ],
  };
}
