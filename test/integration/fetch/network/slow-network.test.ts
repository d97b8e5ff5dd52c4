/** A host with an address that works slowly and one that does not work at all is reached. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSlowNetwork, silentPort, type SlowNetwork } from "./slow-network.ts";
import type { Connected } from "./slow-network-process.ts";

let network: SlowNetwork;
let results: Readonly<Record<string, Connected>>;
before(async () => {
  network = await createSlowNetwork(`slipway-slow-${process.pid}`);
  const script = join(import.meta.dirname, "slow-network-process.ts");
  results = JSON.parse(await network.run(process.execPath, script)) as typeof results;
});
after(() => network.close());

for (const way of ["fetch", "push", "predict", "operator"]) {
  test(`${way} waits for a handshake that takes a second`, () => {
    assert.equal(results[way]?.message, "ok");
    // Else the network was not slow.
    assert.ok(results[way].seconds >= 1, `${results[way].seconds} s`);
  });
}

test("each address that is not reached is told, and no time that has not passed", () => {
  const { message = "", seconds = 0 } = results["fetch from nowhere"] ?? {};
  const told = new RegExp(
    `^TimedOut: dual\\.test:${silentPort} cannot be reached: no connection to 127\\.0\\.0\\.1 \\(timed out\\), fd00:dead::1 \\(ENETUNREACH\\) within ([0-9.]+) s\\.$`,
  ).exec(message);
  assert.ok(told !== null, message);
  const within = Number(told[1]);
  // Half of the time for all, and rounded to a tenth.
  assert.ok(within >= 1 && within <= seconds + 0.1, `${within} s of ${seconds} s`);
});

test("one address that is silent is waited for as long as is said", () => {
  const { message = "", seconds = 0 } = results["fetch from one address that is silent"] ?? {};
  const told = /^TimedOut: 127\.0\.0\.1:8001 cannot be reached: no connection within ([0-9.]+) s\.$/.exec(message);
  assert.ok(told !== null, message);
  assert.ok(Number(told[1]) <= seconds + 0.1, `${told[1]} s of ${seconds} s`);
});
