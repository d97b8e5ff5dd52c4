/**
 * A process for lease.test.ts: stands for election and, whether it leads or not, tries all the time to write. Says on
 * stdout, a line each: `following` (the holder, as it happens), `elected`, `lost`, `refused` (at the first refusal after
 * a write).
 * Arguments: server CA-file token identity lease-in-ms.
 */
import { readFileSync } from "node:fs";
import { createClient } from "../../../operator/kube/transport/client.ts";
import { sleep, systemClock } from "../../../operator/kube/clock.ts";
import { LostLeaseError } from "../../../operator/kube/transport/errors.ts";
import { createElector } from "../../../operator/kube/control/lease.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { createTransport } from "../../../operator/kube/transport/transport.ts";
import { configMap, configMaps, fieldManager, namespace, quietLog, tellingWatches } from "./runtime.ts";

const [server = "", caFile = "", token = "", identity = "", lease = ""] = process.argv.slice(2);
const leaseMs = Number(lease);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const tls = { ca: readFileSync(caFile, "utf8") };
const clock = systemClock;
const random = Math.random;
const metrics = createMetrics();
const transport = createTransport({
  server,
  credentials: { authorization: () => Promise.resolve(`Bearer ${token}`), tls: () => Promise.resolve(tls) },
  clock,
  random,
  metrics,
  userAgent: identity,
});
const elector = createElector({
  transport: tellingWatches(transport, () => say("following")),
  namespace,
  name: "lease-test",
  identity,
  clock,
  random,
  log: quietLog,
  metrics,
  onElected: () => say("elected"),
  onLost: () => say("lost"),
  // In the usual proportions.
  timing: { leaseDurationMs: leaseMs, renewDeadlineMs: 0.66 * leaseMs, retryPeriodMs: 0.14 * leaseMs },
});
const client = createClient(transport, { mayWrite: () => elector.isLeader() });

const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());
elector.start();
let refusing = true;
for (let write = 0; !stopping.signal.aborted; write++) {
  const manifest = configMap(identity, {}, { write: String(write) });
  try {
    await client.patch(configMaps, namespace, identity, manifest, { type: "apply", fieldManager });
    refusing = false;
  } catch (error) {
    if (!(error instanceof LostLeaseError)) say(`error ${String(error)}`);
    else if (!refusing) say("refused");
    refusing = true;
  }
  await sleep(clock, 5, stopping.signal).catch(() => undefined);
}
await elector.stop();
await transport.close();
say("stopped");
