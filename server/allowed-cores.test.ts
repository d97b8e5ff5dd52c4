import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedCores } from "./allowed-cores.ts";

for (const [list, cores] of [
  ["0", 1],
  ["17", 1],
  ["0-1", 2],
  ["0-3,8", 5],
  ["2,4-6,9-9,100-127", 33],
] as const) {
  test(`${list} are ${cores}`, () => {
    assert.equal(
      allowedCores(`Name:\tnode\nCpus_allowed:\tffff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`),
      cores,
    );
  });
}

test("what does not say is no number", () => {
  for (const status of ["", "Cpus_allowed:\t3\n", "Cpus_allowed_list:\t\n", "Cpus_allowed_list:\tall\n"]) {
    assert.equal(allowedCores(status), undefined);
  }
});
