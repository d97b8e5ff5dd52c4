import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../api/json.ts";
import { differenceOf } from "./difference.ts";
import { foreignFields } from "./foreign-fields.ts";

interface Row {
  readonly what: string;
  readonly desired: JsonObject;
  readonly observed: JsonObject;
  /** `fieldsV1` of others. */
  readonly foreign: JsonObject;
  readonly ours?: readonly string[];
  readonly patch?: JsonObject;
  readonly fields?: readonly string[];
}

const container = { name: "server", image: "one" };
const filledIn = { ...container, imagePullPolicy: "IfNotPresent", resources: {} };

const rows: readonly Row[] = [
  {
    what: "a field that somebody added",
    desired: { spec: { replicas: 1 } },
    observed: { spec: { replicas: 1, paused: true } },
    foreign: { "f:spec": { "f:paused": {} } },
    patch: { spec: { paused: null } },
    fields: ["spec.paused"],
  },
  {
    what: "a default beside it, which nobody wrote",
    desired: { spec: { replicas: 1 } },
    observed: { spec: { replicas: 1, progressDeadlineSeconds: 300 } },
    foreign: { "f:spec": { "f:paused": {} } },
  },
  {
    what: "a field of ours that somebody set to what we set",
    desired: { spec: { replicas: 1 } },
    observed: { spec: { replicas: 1 } },
    foreign: { "f:spec": { "f:replicas": {} } },
  },
  {
    what: "an addition where not all is ours",
    desired: { spec: { type: "LoadBalancer" } },
    observed: { spec: { type: "LoadBalancer", loadBalancerIP: "192.0.2.1" } },
    foreign: { "f:spec": { "f:loadBalancerIP": {} } },
    ours: ["spec.externalIPs"],
  },
  {
    what: "one of the few fields that are ours there",
    desired: { spec: { type: "LoadBalancer" } },
    observed: { spec: { type: "LoadBalancer", externalIPs: ["192.0.2.1"] } },
    foreign: { "f:spec": { "f:externalIPs": {} } },
    ours: ["spec.externalIPs"],
    patch: { spec: { externalIPs: null } },
    fields: ["spec.externalIPs"],
  },
  {
    what: "an addition to an item of a list, whose defaults stay",
    desired: { spec: { containers: [container] } },
    observed: { spec: { containers: [{ ...filledIn, command: ["sleep"] }] } },
    foreign: { "f:spec": { "f:containers": { 'k:{"name":"server"}': { "f:command": {} } } } },
    patch: { spec: { containers: [{ imagePullPolicy: "IfNotPresent", resources: {}, ...container }] } },
    fields: ["spec.containers"],
  },
  {
    what: "an addition deep in an item, found by two keys",
    desired: { spec: { ports: [{ containerPort: 80, probe: { path: "/" } }] } },
    observed: { spec: { ports: [{ containerPort: 80, protocol: "TCP", probe: { path: "/", host: "theirs" } }] } },
    foreign: {
      "f:spec": { "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { "f:probe": { "f:host": {} } } } },
    },
    patch: { spec: { ports: [{ protocol: "TCP", containerPort: 80, probe: { path: "/" } }] } },
    fields: ["spec.ports"],
  },
  {
    what: "an addition to a map that is written as a whole",
    desired: { spec: { nodeSelector: { os: "linux" } } },
    observed: { spec: { nodeSelector: { os: "linux", theirs: "yes" } } },
    foreign: { "f:spec": { "f:nodeSelector": {} } },
    patch: { spec: { nodeSelector: { theirs: null } } },
    fields: ["spec.nodeSelector.theirs"],
  },
  {
    what: "an addition to another item of the list",
    desired: { spec: { containers: [container] } },
    observed: { spec: { containers: [{ ...filledIn, command: ["sleep"] }] } },
    foreign: { "f:spec": { "f:containers": { 'k:{"name":"other"}': { "f:command": {} } } } },
  },
];

for (const { what, desired, observed, foreign, ours = ["spec"], patch, fields = [] } of rows) {
  test(`${what}: ${patch === undefined ? "no difference" : `differs in ${fields.join(", ")}`}`, () => {
    const options = { exact: [], absent: [], ours, foreign: foreignFields([{ fieldsV1: foreign }]) };
    const difference = differenceOf(desired, observed, options);
    assert.deepEqual(difference?.patch, patch);
    assert.deepEqual(difference?.fields.map(({ path }) => path) ?? [], fields);
  });
}

test("an addition that is contested is left as it is", () => {
  const options = {
    exact: [],
    absent: [],
    ours: ["spec"],
    foreign: { "f:spec": { "f:paused": {} } },
    except: ["spec.paused"],
  };
  assert.equal(differenceOf({ spec: {} }, { spec: { paused: true } }, options), undefined);
});

test("what several managers wrote is one tree, without metadata and what came by a subresource", () => {
  const managers = [
    { fieldsV1: { "f:metadata": { "f:labels": {} }, "f:spec": { "f:a": { "f:b": {} } } } },
    { subresource: "", fieldsV1: { "f:spec": { "f:a": { "f:c": {} } } } },
    { subresource: "scale", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    { fieldsV1: { "f:metadata": { "f:annotations": {} } } },
    {},
  ];
  assert.deepEqual(foreignFields(managers), { "f:spec": { "f:a": { "f:b": {}, "f:c": {} } } });
  assert.equal(foreignFields(managers.slice(2)), undefined);
});
