import assert from "node:assert/strict";
import { test } from "node:test";
import { containerWithoutRequest, type PodRequests } from "./requests.ts";

const asks = { requests: { cpu: "100m" } };
const rows: readonly { readonly what: string; readonly pod: PodRequests; readonly lacking: string | undefined }[] = [
  { what: "every container asks", pod: { containers: [{ name: "server", resources: asks }] }, lacking: undefined },
  {
    what: "a limit is the request where there is none",
    pod: { containers: [{ name: "server", resources: { limits: { cpu: "1" } } }] },
    lacking: undefined,
  },
  { what: "nothing is asked", pod: { containers: [{ name: "server" }] }, lacking: "server" },
  {
    what: "something else is asked",
    pod: { containers: [{ name: "server", resources: { requests: { memory: "1Gi" } } }] },
    lacking: "server",
  },
  {
    what: "one of two asks",
    pod: { containers: [{ name: "server", resources: asks }, { name: "proxy" }] },
    lacking: "proxy",
  },
  {
    what: "a sidecar does not ask",
    pod: {
      containers: [{ name: "server", resources: asks }],
      initContainers: [{ name: "s", restartPolicy: "Always" }],
    },
    lacking: "s",
  },
  {
    what: "an init container that ends does not ask",
    pod: { containers: [{ name: "server", resources: asks }], initContainers: [{ name: "fetch" }] },
    lacking: undefined,
  },
  { what: "the pod asks as a whole", pod: { containers: [{ name: "server" }], resources: asks }, lacking: undefined },
  { what: "nothing is known of its containers", pod: {}, lacking: undefined },
];

for (const { what, pod, lacking } of rows) {
  test(`${what}: ${lacking ?? "none"} lacks a request`, () =>
    assert.equal(containerWithoutRequest(pod, "cpu"), lacking));
}
