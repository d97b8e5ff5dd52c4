import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTraffic } from "./sink.ts";

test("reads what each address sent out of the saved sets", () => {
  const saved = `create slipway-sink hash:ip family inet hashsize 1024 maxelem 65536 counters
add slipway-sink 10.244.0.3 packets 5 bytes 300
create slipway-dns hash:ip family inet hashsize 1024 maxelem 65536 counters
add slipway-dns 10.244.0.3 packets 19 bytes 1300
add slipway-dns 10.244.0.4 packets 1 bytes 70
create slipway-new hash:ip family inet hashsize 1024 maxelem 65536 counters
add slipway-new 10.244.0.3 packets 21 bytes 1500
add KUBE-SOMETHING 10.244.0.3 packets 9 bytes 9
`;
  const traffic = parseTraffic(saved);
  assert.deepEqual(traffic.get("10.244.0.3"), { sink: 5, nameLookups: 19, connections: 21 });
  assert.deepEqual(traffic.get("10.244.0.4"), { sink: 0, nameLookups: 1, connections: 0 });
  assert.equal(traffic.get("10.244.0.5"), undefined);
});
