/**
 * What docs/how-to/autoscale.md says of handing spec.replicas to a scaler, with the kubectl that people have: the number
 * stays, where leaving it out of the manifest alone puts it back to the API's default of 1.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { established } from "./established.ts";

let plane: ControlPlane;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-handover-"));
  plane = await startControlPlane();
  await plane.kubectl(["apply", "-f", join(repositoryDirectory, "crds", "modeldeployment.yaml")]);
  await established(plane);
});
after(async () => {
  await plane.stop();
  await rm(directory, { recursive: true });
});

const versions = [{ name: "v1", uri: "oci://registry.test/models/demo:1" }];
/** Of the manifest in the beginning, and what a scaler makes of it. */
const [written, scaled] = [2, 4];

/** A manifest as a file, with more in its spec than a version. */
async function manifest(name: string, spec: object): Promise<string> {
  const file = join(directory, `${name}.yaml`);
  const object = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", metadata: { name }, spec };
  await writeFile(file, JSON.stringify(object));
  return file;
}

async function apply(file: string, ...more: string[]): Promise<void> {
  await plane.kubectl(["apply", "-f", file, ...more]);
}

async function scale(name: string): Promise<void> {
  await plane.kubectl(["scale", "modeldeployment", name, `--replicas=${scaled}`]);
}

async function replicas(name: string): Promise<number> {
  const { stdout } = await plane.kubectl(["get", "modeldeployment", name, "-o", "jsonpath={.spec.replicas}"]);
  return Number(stdout);
}

describe("kubectl apply", () => {
  test("alone puts the number back to 1 when it is gone from the manifest", async () => {
    await apply(await manifest("dropped", { version: "v1", versions, replicas: written }));
    await scale("dropped");
    await apply(await manifest("dropped", { version: "v1", versions }));
    assert.equal(await replicas("dropped"), 1);
  });

  test("leaves it once set-last-applied has made it forget that it ever wrote it", async () => {
    await apply(await manifest("kept", { version: "v1", versions, replicas: written }));
    await scale("kept");
    const file = await manifest("kept", { version: "v1", versions });
    await plane.kubectl(["apply", "set-last-applied", "-f", file]);
    await apply(file);
    assert.equal(await replicas("kept"), scaled);
    await scale("kept");
    // And each time that something else is edited.
    await apply(await manifest("kept", { version: "v1", versions, restartToken: "again" }));
    assert.equal(await replicas("kept"), scaled);
  });

  test("leaves it in the same edit that brings spec.scaling", async () => {
    const resources = { requests: { cpu: "100m" } };
    await apply(await manifest("scaling", { version: "v1", versions, resources, replicas: written }));
    const file = await manifest("scaling", { version: "v1", versions, resources, scaling: { min: 1, max: 5 } });
    await plane.kubectl(["apply", "set-last-applied", "-f", file]);
    await apply(file);
    assert.equal(await replicas("scaling"), written);
    const { stdout } = await plane.kubectl(["get", "modeldeployment", "scaling", "-o", "jsonpath={.spec.scaling.max}"]);
    assert.equal(stdout, "5");
  });
});

describe("kubectl apply --server-side", () => {
  test("alone puts the number back to 1 where nobody else has written it", async () => {
    await apply(await manifest("dropped-there", { version: "v1", versions, replicas: written }), "--server-side");
    await apply(await manifest("dropped-there", { version: "v1", versions }), "--server-side");
    assert.equal(await replicas("dropped-there"), 1);
  });

  test("leaves it where a scaler has written another number", async () => {
    await apply(await manifest("scaled-there", { version: "v1", versions, replicas: written }), "--server-side");
    await scale("scaled-there");
    await apply(await manifest("scaled-there", { version: "v1", versions }), "--server-side");
    assert.equal(await replicas("scaled-there"), scaled);
  });

  test("leaves it where another manager has applied the same number before", async () => {
    await apply(await manifest("held", { version: "v1", versions, replicas: written }), "--server-side");
    const number = await manifest("held", { replicas: written });
    await apply(number, "--server-side", "--field-manager=scaler");
    await apply(await manifest("held", { version: "v1", versions }), "--server-side");
    assert.equal(await replicas("held"), written);
    await scale("held");
    await apply(await manifest("held", { version: "v1", versions, restartToken: "again" }), "--server-side");
    assert.equal(await replicas("held"), scaled);
  });
});
