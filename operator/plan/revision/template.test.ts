import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../../api/json.ts";
import type { Observed } from "../observed.ts";
import { revisionOf } from "./revision.ts";
import { serverContainer, templateOf } from "./template.ts";

const images = { serverImage: "registry.test/server:1", gpuServerImage: "registry.test/server-gpu:1" } as const;

/** The image of a revision that has never been made before. */
function imageOf(fields: object, defaults: object = images): unknown {
  const version = { name: "v1", uri: "oci://registry.test/models/m:1" };
  const spec = { version: "v1", versions: [version], ...fields } as unknown as Observed["model"]["spec"];
  const target = revisionOf(spec, version);
  const observed = {
    model: { metadata: { name: "m", namespace: "a" }, spec },
    controllerRevisions: [],
    deployments: [],
    defaults: {
      ...defaults,
      plainHttpHosts: [],
      certificateAuthority: "",
      proxy: { http: "", https: "", exceptions: [] },
    },
  } as unknown as Observed;
  const template = templateOf(observed, target.hash, target);
  return template && valueAt(serverContainer(template), "image");
}

const gpu = { count: 1, resourceName: "nvidia.com/gpu" };

test("what runs on a GPU has the image for GPUs, where there is one", () => {
  assert.equal(imageOf({}), images.serverImage);
  assert.equal(imageOf({ gpu }), images.gpuServerImage);
  assert.equal(imageOf({ server: { session: { providers: ["cuda", "cpu"] } } }), images.gpuServerImage);
  assert.equal(imageOf({ gpu, server: { session: { providers: ["cpu"] } } }), images.serverImage);
  assert.equal(imageOf({ gpu: { ...gpu, resourceName: "amd.com/gpu" } }), images.serverImage);
  assert.equal(imageOf({ gpu }, { ...images, gpuServerImage: "" }), images.serverImage);
});

test("an image of the model's own is what it says", () => {
  assert.equal(imageOf({ gpu, server: { image: "registry.test/own:1" } }), "registry.test/own:1");
});
