import assert from "node:assert/strict";
import { test } from "node:test";
import { ownEndpoint } from "./control-plane.ts";
import { namedEndpoint } from "./detached-control-plane.ts";

test("the address is different for every process that can exist at a time", () => {
  const highestPid = 2 ** 22;
  const stride = 4093;
  const addresses = new Set<string>();
  for (let pid = 1; pid < highestPid; pid += stride) addresses.add(ownEndpoint(pid, 0).address);
  assert.equal(addresses.size, Math.ceil((highestPid - 1) / stride));
});

test("control planes of one process share the address and differ in every port", () => {
  const ports = [0, 1, 2].flatMap((ordinal) => {
    const { address, apiPort, etcdPort, etcdPeerPort } = ownEndpoint(1, ordinal);
    assert.equal(address, "127.64.0.1");
    return [apiPort, etcdPort, etcdPeerPort];
  });
  assert.equal(new Set(ports).size, ports.length);
});

test("a named control plane has an address that no process can have", () => {
  assert.match(namedEndpoint("slipway-api").address, /^127\.63\./);
  assert.notEqual(namedEndpoint("a").address, namedEndpoint("b").address);
});
