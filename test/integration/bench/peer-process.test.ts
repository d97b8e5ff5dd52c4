import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { type PeerProcess, startPeerProcess } from "../../bench/peers/process/peer-process.ts";
import { runningTree, treeCpuMs, treePssMebibytes } from "../../bench/peers/process/read-processes.ts";

/** Long enough for a shell to end, short enough for a test of one that does not. */
const patienceMs = 1_000;

interface Shell {
  readonly peer: PeerProcess;
  readonly running: Set<PeerProcess>;
  /** The pids that the script wrote, when it has written so many. */
  readonly pids: (count: number) => Promise<readonly number[]>;
}

async function startShell(t: TestContext, script: string): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-peer-process-"));
  const log = join(folder, "output.log");
  const running = new Set<PeerProcess>();
  const command = { program: "/bin/sh", parameters: ["-c", script], environment: {} };
  const peer = startPeerProcess(command, log, running, patienceMs);
  t.after(async () => {
    await peer.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const pids = async (count: number): Promise<readonly number[]> => {
    for (;;) {
      const found = (await readFile(log, "utf8"))
        .trim()
        .split("\n")
        .filter((line) => /^\d+$/.test(line));
      if (found.length >= count) return found.map(Number);
      await delay(10);
    }
  };
  return { peer, running, pids };
}

function alive(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => runningTree(pid).length > 0);
}

test("a peer's children end with it, also one that has made a session of its own", async (t) => {
  const { peer, running, pids } = await startShell(t, "echo $$; setsid sh -c 'echo $$; exec sleep 600' & wait");
  const started = await pids(2);
  assert.deepEqual(alive(started), started);
  assert.deepEqual([...running], [peer]);
  await peer.stop();
  assert.deepEqual(alive(started), []);
  assert.deepEqual([...running], []);
});

test("what does not end by itself is ended by force", async (t) => {
  const { peer, pids } = await startShell(t, "trap '' TERM; echo $$; while :; do sleep 0.1; done");
  const started = await pids(1);
  await peer.stop();
  assert.deepEqual(alive(started), []);
});

test("a child that has lost its parent is part of the peer still", async (t) => {
  const { peer, pids } = await startShell(t, "echo $$; sh -c 'sleep 600 & echo $!'; sleep 600");
  const started = await pids(2);
  for (const pid of started) assert.ok(runningTree(peer.pid).includes(pid), `${pid} is not part of the peer`);
  await peer.stop();
  assert.deepEqual(alive(started), []);
});

test("processor time and memory are those of the whole tree, of children that have ended, too", async (t) => {
  const burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
  const { peer, pids } = await startShell(t, `sh -c '${burn}'; echo $$; sleep 600 & echo $!; wait`);
  await pids(2);
  assert.ok(treeCpuMs(peer.pid) > 0, "no processor time");
  assert.ok(treePssMebibytes(peer.pid) > 0, "no memory");
});

test("a program that is not there, or ends at once, is told", async (t) => {
  const { peer } = await startShell(t, "echo no room >&2; exit 3");
  while (peer.ended() === undefined) await delay(10);
  assert.equal(peer.ended(), "ended with 3");
  assert.equal(await peer.lastWords(), "no room");
});
