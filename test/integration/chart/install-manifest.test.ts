import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import type { Manifest } from "../../chart/render.ts";
import { renderInstalled } from "../../chart/render.ts";
import { run } from "../../cluster/command.ts";
import { startControlPlane } from "../../cluster/control-plane.ts";
import { established } from "../established.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";

const script = join(repositoryDirectory, "scripts", "install.ts");

test("install.yaml installs what the chart does, by kubectl apply, twice", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-install-"));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, "install.yaml");
  await run(process.execPath, [script, "--registry=registry.example.com", `--output=${file}`]);
  const manifests = loadAll(await readFile(file, "utf8")) as Manifest[];

  await t.test("it has the objects of the chart and their namespace", async () => {
    const [first, ...others] = manifests;
    assert.deepEqual([first?.kind, first?.metadata.name], ["Namespace", "slipway-system"]);
    const chart = await renderInstalled({ imageRegistry: "registry.example.com" });
    assert.deepEqual(others.map(nameOf), chart.map(nameOf));
    assert.ok(others.every(({ metadata }) => metadata.labels?.["app.kubernetes.io/managed-by"] === "kubectl"));
  });

  const plane = await startControlPlane({ name: "install" });
  t.after(() => plane.stop());
  const apply = () => plane.kubectl(["apply", "-f", file]);

  await t.test("it is applied to a cluster that has nothing of it, and the API server warns of nothing", async () => {
    const { stdout, stderr } = await apply();
    assert.equal(stderr, "");
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, manifests.length);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(" created")),
      [],
    );
    await established(plane);
  });

  await t.test("the second time nothing changes", async () => {
    // kubectl says "configured" of what it patched to the same; the API server knows better.
    const versions = ["get", "-f", file, "-o", "custom-columns=K:.kind,N:.metadata.name,V:.metadata.resourceVersion"];
    const before = await plane.kubectl(versions);
    await apply();
    assert.equal((await plane.kubectl(versions)).stdout, before.stdout);
  });

  await t.test("without a registry it says what to give", async () => {
    await assert.rejects(run(process.execPath, [script]), /name the registry of the images with --registry/);
  });
});

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}
