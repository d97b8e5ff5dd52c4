import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Model } from "../../../operator/api/model.ts";
import { chartDirectory, leastValues, release } from "../../chart/render.ts";
import { run } from "../../cluster/command.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import { waitFor } from "../../cluster/wait.ts";
import { helm, installedChart } from "./installed.ts";
import { startOperator } from "./operator-process.ts";
import { keepPodsReady } from "./ready-pods.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

const models = [
  {
    name: "digits",
    spec: { replicas: 2, versions: [{ name: "v1", uri: "oci://a.example.com/b:1", digest: digest("1") }] },
  },
  // Without a digest the record of the first pod's report counts.
  { name: "letters", spec: { versions: [{ name: "v1", uri: "oci://a.example.com/c:1" }] } },
].map(({ name, spec }) => ({
  apiVersion: "slipway.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { name, namespace: "default" },
  spec: { version: "v1", ...spec },
}));

interface Objects {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly uid: string; readonly generation?: number };
  }[];
}

test("an upgrade from the chart before, with its operator, restarts no pod of a model", async (t) => {
  const pods = new AbortController();
  t.after(() => pods.abort());
  const directory = await mkdtemp(join(tmpdir(), "slipway-upgrade-"));
  t.after(() => rm(directory, { recursive: true }));
  const before = await earlierSources(directory);
  t.diagnostic(`from chart and operator of commit ${before.commit}`);
  const chart = join(before.sources, "charts", "slipway");
  const plane = await installedChart(t, { controllerManager: true }, { chart });
  const ready = keepPodsReady(plane, pods.signal);
  // Its error is thrown where it is awaited; when the test fails before that, it has told enough.
  ready.catch(() => undefined);

  const earlier = await startOperator(t, plane, { name: "earlier", directory, sources: before.sources });
  for (const model of models) await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(model) });
  for (const { metadata } of models) {
    await reached(plane, metadata.name, ({ status }) => isReady(status));
  }
  await earlier.stop();
  const was = await objects(plane);
  assert.equal(was.filter((each) => each.startsWith("Pod ")).length, 3);

  await helm(plane, ["upgrade", release.name, chartDirectory, "--values", "-"], leastValues);
  // A chart of another version brings another server image, too.
  const serverImage = "registry.example.com/server:2";
  const later = await startOperator(t, plane, { name: "later", directory, serverImage });
  for (const { metadata } of models) {
    // What is put back shows that the model was looked at.
    await plane.kubectl(["label", "service", metadata.name, "slipway.dev/model-"]);
    await reached(plane, metadata.name, async () => {
      const { stdout } = await plane.kubectl(["get", "service", metadata.name, "-o", "jsonpath={.metadata.labels}"]);
      return stdout.includes("slipway.dev/model");
    });
  }
  assert.deepEqual(await objects(plane), was);

  await t.test("nor does a change of the number of pods", async () => {
    await plane.kubectl(["scale", "md/digits", "--replicas=3"]);
    await reached(plane, "digits", ({ status }) => status?.readyReplicas === 3 && isReady(status));
    const podsNow = (await objects(plane)).filter((each) => each.startsWith("Pod "));
    assert.equal(podsNow.length, 4);
    assert.deepEqual(
      was.filter((each) => each.startsWith("Pod ") && !podsNow.includes(each)),
      [],
    );
  });

  pods.abort();
  await ready;
  await later.stop();
});

/** Kind, name, uid and, where there is one, generation: another pod, or another template, is another line. */
async function objects(plane: ControlPlane): Promise<readonly string[]> {
  const kinds = "pods,deployments,replicasets,controllerrevisions,services,configmaps,poddisruptionbudgets";
  const { stdout } = await plane.kubectl(["get", kinds, "-o", "json"]);
  return (JSON.parse(stdout) as Objects).items
    .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid} ${metadata.generation ?? ""}`.trim())
    .toSorted();
}

/**
 * The newest commit that made other templates than this work tree has, with this work tree's packages. There chart and
 * operator are in step; a commit later the operator may have asked for more than the chart gave it yet.
 */
async function earlierSources(directory: string): Promise<{ readonly commit: string; readonly sources: string }> {
  const templates = ["charts/slipway/templates", "charts/slipway/values.yaml"];
  for (const commit of (await git("log", "--format=%H", "--", ...templates)).split("\n")) {
    if ((await git("diff", "--name-only", commit, "--", ...templates)) === "") continue;
    const sources = join(directory, "earlier");
    const archive = join(directory, "earlier.tar");
    await mkdir(sources);
    await git("archive", `--output=${archive}`, commit, "charts", "operator", "server", "package.json");
    await run("tar", ["-xf", archive, "-C", sources]);
    await symlink(join(repositoryDirectory, "node_modules"), join(sources, "node_modules"));
    return { commit, sources };
  }
  throw new Error("git knows no other chart than this one: fetch the history of this repository");
}

async function git(...parameters: string[]): Promise<string> {
  return (await run("git", ["-C", repositoryDirectory, ...parameters])).stdout.trim();
}

async function reached(
  plane: ControlPlane,
  name: string,
  holds: (model: Model) => boolean | Promise<boolean>,
): Promise<void> {
  await waitFor(
    `model ${name}`,
    async () => {
      const { stdout } = await plane.kubectl(["get", "md", name, "-o", "json"]);
      if (!(await holds(JSON.parse(stdout) as Model))) throw new Error(stdout);
    },
    { timeoutMilliseconds: 120_000, intervalMilliseconds: 200 },
  );
}

function isReady(status: Model["status"]): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") ?? false;
}
