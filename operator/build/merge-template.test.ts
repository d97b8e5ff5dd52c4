import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../api/json.ts";
import { mergeTemplate, overriddenLabels } from "./merge-template.ts";

const base: JsonObject = {
  metadata: { labels: { "slipway.dev/model": "m", "slipway.dev/revision": "r", "slipway.dev/version": "v1" } },
  spec: {
    containers: [
      {
        name: "server",
        image: "server:1",
        env: [{ name: "A", value: "1" }],
        args: ["serve"],
        ports: [{ name: "http", containerPort: 8080 }],
        volumeMounts: [{ name: "model", mountPath: "/model", readOnly: true }],
      },
    ],
    hostAliases: [{ ip: "10.0.0.1", hostnames: ["a"] }],
    terminationGracePeriodSeconds: 60,
  },
};

const rows: readonly {
  readonly name: string;
  readonly override: JsonObject;
  readonly path: string[];
  readonly expected: unknown;
}[] = [
  {
    name: "a scalar is replaced",
    override: { spec: { terminationGracePeriodSeconds: 5 } },
    path: ["spec", "terminationGracePeriodSeconds"],
    expected: 5,
  },
  {
    name: "null removes",
    override: { spec: { terminationGracePeriodSeconds: null } },
    path: ["spec", "terminationGracePeriodSeconds"],
    expected: undefined,
  },
  {
    name: "named items are merged, and their own named lists too",
    override: { spec: { containers: [{ name: "server", env: [{ name: "B", value: "2" }] }] } },
    path: ["spec", "containers"],
    expected: [
      {
        name: "server",
        image: "server:1",
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
        args: ["serve"],
        ports: [{ name: "http", containerPort: 8080 }],
        volumeMounts: [{ name: "model", mountPath: "/model", readOnly: true }],
      },
    ],
  },
  {
    name: "a second mount of a volume is added, and the first one stays",
    override: { spec: { containers: [{ name: "server", volumeMounts: [{ name: "model", mountPath: "/again" }] }] } },
    path: ["spec", "containers", "0", "volumeMounts"],
    expected: [
      { name: "model", mountPath: "/model", readOnly: true },
      { name: "model", mountPath: "/again" },
    ],
  },
  {
    name: "a mount at the same path is changed",
    override: { spec: { containers: [{ name: "server", volumeMounts: [{ mountPath: "/model", subPath: "a" }] }] } },
    path: ["spec", "containers", "0", "volumeMounts"],
    expected: [{ name: "model", mountPath: "/model", readOnly: true, subPath: "a" }],
  },
  {
    name: "ports are told apart by number and protocol, which is TCP when left out",
    override: {
      spec: {
        containers: [
          {
            name: "server",
            ports: [
              { containerPort: 8080, protocol: "TCP", hostPort: 80 },
              { containerPort: 8080, protocol: "UDP" },
            ],
          },
        ],
      },
    },
    path: ["spec", "containers", "0", "ports"],
    expected: [
      { name: "http", containerPort: 8080, protocol: "TCP", hostPort: 80 },
      { containerPort: 8080, protocol: "UDP" },
    ],
  },
  {
    name: "a list whose items have no name is merged by its own key",
    override: { spec: { hostAliases: [{ ip: "10.0.0.2", hostnames: ["b"] }] } },
    path: ["spec", "hostAliases"],
    expected: [
      { ip: "10.0.0.1", hostnames: ["a"] },
      { ip: "10.0.0.2", hostnames: ["b"] },
    ],
  },
  {
    name: "an empty list replaces one with keys",
    override: { spec: { hostAliases: [] } },
    path: ["spec", "hostAliases"],
    expected: [],
  },
  {
    name: "a new named item is added",
    override: { spec: { containers: [{ name: "sidecar", image: "x" }] } },
    path: ["spec", "containers", "length"],
    expected: 2,
  },
  {
    name: "a list without keys is replaced",
    override: { spec: { containers: [{ name: "server", args: ["other"] }] } },
    path: ["spec", "containers", "0", "args"],
    expected: ["other"],
  },
  {
    name: "a label of the user's own is added",
    override: { metadata: { labels: { team: "vision" } } },
    path: ["metadata", "labels", "team"],
    expected: "vision",
  },
  {
    name: "the labels by which pods are found stay ours",
    override: { metadata: { labels: { "slipway.dev/revision": "other" } } },
    path: ["metadata", "labels", "slipway.dev/revision"],
    expected: "r",
  },
];

for (const { name, override, path, expected } of rows) {
  test(name, () => {
    let value: unknown = mergeTemplate(base, override);
    for (const key of path) value = (value as Record<string, unknown>)[key];
    assert.deepEqual(value, expected);
  });
}

test("overrides of our labels are found", () => {
  assert.deepEqual(overriddenLabels({ metadata: { labels: { "slipway.dev/model": "x", team: "y" } } }), [
    "slipway.dev/model",
  ]);
});
