import assert from "node:assert/strict";
import { test } from "node:test";
import { checkClusterName, nodeAddress, nodeNames, registryAddress } from "./addresses.ts";

test("the default node has the addresses that the documents name", () => {
  assert.equal(nodeAddress, "10.99.0.2");
  assert.equal(registryAddress, "10.99.0.2:5000");
});

test("another node shares no address, interface or namespace with the default one", () => {
  const shared = new Set(["nodeInterface"]);
  const [first, second] = [nodeNames("slipway"), nodeNames("slipway-e2e")];
  for (const [key, value] of Object.entries(first)) {
    if (!shared.has(key)) assert.notEqual(Object.entries(second).find(([other]) => other === key)?.[1], value, key);
  }
});

test("a name that cannot name an interface is refused before anything is made", () => {
  for (const name of ["", "Upper", "two words", "../up", "1st", "a".repeat(15)]) {
    assert.throws(() => checkClusterName(name), /use at most 14/);
  }
  checkClusterName("a".repeat(14));
});
