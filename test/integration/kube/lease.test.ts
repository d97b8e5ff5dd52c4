import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../operator/kube/clock.ts";
import { isNotFound } from "../../../operator/kube/transport/errors.ts";
import { type Elector, type ElectorOptions, createElector } from "../../../operator/kube/control/lease.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import type { KubeObject, Resource } from "../../../operator/kube/transport/resources.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { type ConfigMap, configMaps, connect, namespace, quietLog, tellingWatches, until } from "./runtime.ts";

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions: number };
}

const leases: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };

let plane: ControlPlane;
let direct: ReturnType<typeof connect>;
let directory: string;
const children = new Set<ChildProcess>();

before(async () => {
  plane = await startControlPlane({ name: "kube-lease" });
  direct = connect(plane);
  directory = await mkdtemp(join(tmpdir(), "lease-"));
  await writeFile(join(directory, "ca.crt"), plane.caPem);
});
after(async () => {
  await direct?.transport.close();
  await plane?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true });
});
const electors = new Set<Elector>();
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await Promise.all(Array.from(electors, (elector) => elector.stop()));
  electors.clear();
});

type Here = Pick<ElectorOptions, "name" | "identity" | "onElected" | "onLost"> & Partial<ElectorOptions>;

function electorHere(options: Here): Elector {
  const metrics = createMetrics();
  const common = {
    transport: direct.transport,
    namespace,
    clock: systemClock,
    random: Math.random,
    log: quietLog,
    metrics,
  };
  const elector = createElector({ ...common, ...options });
  electors.add(elector);
  return elector;
}

interface Candidate {
  readonly process: ChildProcess;
  readonly identity: string;
  /** Each line it said, with the time of its arrival. */
  readonly said: { readonly line: string; readonly at: number }[];
}

function startCandidate(identity: string, leaseMs: number): Candidate {
  const program = join(import.meta.dirname, "elector-process.ts");
  const parameters = [plane.server, join(directory, "ca.crt"), plane.token, identity, String(leaseMs)];
  const child = spawn(process.execPath, [program, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  const said: Candidate["said"] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push({ line, at: performance.now() }));
  return { process: child, identity, said };
}

const has = (candidate: Candidate, line: string): boolean => candidate.said.some((each) => each.line === line);
const timeOf = (candidate: Candidate, line: string): number =>
  candidate.said.find((each) => each.line === line)?.at ?? Number.NaN;

/** Number of the last write of a candidate, as the server has it; undefined when it never wrote. */
async function lastWrite(candidate: Candidate): Promise<number | undefined> {
  try {
    const { data } = await direct.client.get<ConfigMap>(configMaps, namespace, candidate.identity);
    return Number(data?.["write"]);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

test("a process stopped beyond its lease begins no write when it goes on, and the other has taken over", async () => {
  const leaseMs = 5_000; // a third of the usual, so that the test takes a third of the time
  const stopped = startCandidate("stopped-one", leaseMs);
  await until(() => has(stopped, "elected"));
  const successor = startCandidate("successor", leaseMs);
  await until(async () => (await lastWrite(stopped)) !== undefined);
  await until(() => has(successor, "following"));
  await delay(1_500); // two renewals of the holder
  assert.equal(await lastWrite(successor), undefined);

  stopped.process.kill("SIGSTOP");
  const tookMs = await until(async () => (await lastWrite(successor)) !== undefined);
  assert.ok(tookMs > 3_000, `taken over after ${tookMs} ms: before the lease could be over`);
  const last = await lastWrite(stopped);
  stopped.process.kill("SIGCONT");
  await until(() => has(stopped, "refused") && has(stopped, "lost"));
  await delay(1_500);
  // One may have been on its way: between the check, which is the last thing before its bytes leave, and the network
  // lies a moment in which a process can be stopped, and no lease of Kubernetes takes back what was allowed then.
  const written = Number(await lastWrite(stopped)) - Number(last);
  assert.ok(written === 0 || written === 1, `${written} writes with an expired lease`);
  assert.deepEqual(
    stopped.said.map(({ line }) => line).filter((line) => line.startsWith("error")),
    [],
  );
  const later = await lastWrite(successor);
  await until(async () => (await lastWrite(successor)) !== later); // it does lead
});

test("SIGTERM hands the lease over at once: nobody waits until it is over, nor until the next look at it", async () => {
  const leaseMs = 120_000;
  const lookedAtAgainMs = 0.14 * leaseMs;
  const leader = startCandidate("leader", leaseMs);
  await until(() => has(leader, "elected"));
  const follower = startCandidate("follower", leaseMs);
  await until(async () => (await lastWrite(leader)) !== undefined);
  await until(() => has(follower, "following"));
  await delay(1_500);
  assert.ok(!has(follower, "elected"));

  const asked = performance.now();
  leader.process.kill("SIGTERM");
  await until(() => has(follower, "elected") && has(leader, "stopped"));
  const tookMs = timeOf(follower, "elected") - asked;
  assert.ok(tookMs < lookedAtAgainMs / 2, `${tookMs} ms`);
  const lease = await direct.client.get<Lease>(leases, namespace, "lease-test");
  assert.equal(lease.spec.holderIdentity, "follower");
});

test("of many candidates that start together one leads, and never two at a time, through several hand-overs", async () => {
  const transitions: string[] = [];
  const leaseDurationMs = 30_000;
  const crowd = Array.from({ length: 5 }, (_, index) =>
    electorHere({
      name: "crowd",
      identity: `candidate-${index}`,
      onElected: () => transitions.push(`${index}`),
      onLost: () => transitions.push(`${index} lost`),
      timing: { leaseDurationMs, renewDeadlineMs: 20_000, retryPeriodMs: 700 },
    }),
  );
  const leaders = (): number[] => [...crowd.keys()].filter((index) => crowd[index]?.isLeader());
  for (const elector of crowd) elector.start();
  for (let left = crowd.length; left > 0; left--) {
    const tookMs = await until(() => {
      assert.ok(leaders().length <= 1, `leaders: ${leaders().join(" ")}`);
      return leaders().length === 1;
    });
    // Handed over: the lease was not waited for.
    assert.ok(tookMs < leaseDurationMs / 2, `${tookMs} ms`);
    await crowd[leaders()[0] ?? 0]?.stop();
  }
  assert.deepEqual(leaders(), []);
  assert.equal(new Set(transitions).size, 5, transitions.join(" "));
  const lease = await direct.client.get<Lease>(leases, namespace, "crowd");
  assert.equal(lease.spec.holderIdentity, undefined);
  assert.equal(lease.spec.leaseTransitions, 4);
});

test("one may create leases, and get, update and watch this one by name: that is enough to follow and to lead", async () => {
  const named = ["--resource-name=modest", "--verb=get,update,watch"];
  await plane.kubectl(["create", "serviceaccount", "elector"]);
  await plane.kubectl(["create", "role", "elector-create", "--resource=leases", "--verb=create"]);
  await plane.kubectl(["create", "role", "elector-named", "--resource=leases", ...named]);
  for (const role of ["elector-create", "elector-named"]) {
    await plane.kubectl(["create", "rolebinding", role, `--role=${role}`, `--serviceaccount=${namespace}:elector`]);
  }
  const { stdout } = await plane.kubectl(["create", "token", "elector"]);
  const modest = connect({ ...plane, token: stdout.trim() });
  try {
    const complaints: string[] = [];
    const log = { ...quietLog, warn: (_fields: object, message: string) => void complaints.push(message) };
    let isFollowed = false;
    const retryPeriodMs = 20_000;
    const transport = tellingWatches(modest.transport, () => (isFollowed = true));
    const [first, second] = ["first", "second"].map((identity) =>
      electorHere({
        name: "modest",
        identity,
        onElected: () => undefined,
        onLost: () => undefined,
        transport,
        log,
        timing: { leaseDurationMs: 60_000, renewDeadlineMs: 40_000, retryPeriodMs },
      }),
    );
    first?.start();
    await until(() => first?.isLeader() === true);
    second?.start();
    await until(() => isFollowed);
    await first?.stop();
    // By looking from time to time it would take longer: the watch is allowed, too.
    const tookMs = await until(() => second?.isLeader() === true);
    assert.ok(tookMs < retryPeriodMs / 2, `${tookMs} ms`);
    await second?.stop();
    assert.deepEqual(complaints, []);
  } finally {
    await modest.transport.close();
  }
});

test("the holder is away from the API server: it stops by itself in time, and leads again afterwards", async () => {
  const told: string[] = [];
  const leaseDurationMs = 5_000;
  const elector = electorHere({
    name: "lonely",
    identity: "lonely",
    onElected: () => told.push("elected"),
    onLost: () => told.push("lost"),
    timing: { leaseDurationMs, renewDeadlineMs: 1_500, retryPeriodMs: 400 },
  });
  elector.start();
  await until(() => elector.isLeader());
  plane.pauseApiServer();
  try {
    const tookMs = await until(() => !elector.isLeader());
    assert.ok(tookMs < leaseDurationMs, `${tookMs} ms: after another may have taken over`);
    await until(() => told.includes("lost"));
  } finally {
    plane.resumeApiServer();
  }
  await until(() => elector.isLeader());
  assert.deepEqual(told, ["elected", "lost", "elected"]);
});
