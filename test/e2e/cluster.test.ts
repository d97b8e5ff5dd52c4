import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { letEverybodyRead } from "../../images/let-everybody-read.ts";
import { down } from "../cluster/down.ts";
import { baseImage } from "../cluster/image/base.ts";
import { buildImage, pushImage } from "../cluster/image/build.ts";
import { readLedger } from "../cluster/ledger.ts";
import { leftovers } from "../cluster/leftovers.ts";
import { type RunningNode, upNode } from "../cluster/node/node.ts";
import { noTraffic } from "../cluster/node/sink.ts";
import { isRunning, signal } from "../cluster/processes.ts";
import { clusterStatus } from "../cluster/status.ts";
import { waitFor } from "../cluster/wait.ts";

/** Apart from the node that people and the other suites work with, so that it may be broken and removed. */
const name = "slipway-e2e";
const clusterMain = join(import.meta.dirname, "..", "cluster", "main.ts");

/** Answers with its own name; asked for /out?URL it fetches that first and tells what came of it. */
const program = `
import { createServer } from "node:http";
import { hostname } from "node:os";
console.log("listening");
createServer(async (request, response) => {
  const url = new URL(request.url, "http://here").searchParams.get("url");
  const signal = AbortSignal.timeout(5000);
  const result = url && await fetch(url, { signal }).then((answer) => answer.text(), (error) => "failed " + (error.cause?.code ?? error.name));
  response.end(url ? result : hostname());
}).listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;
const dockerfile = `ARG BASE
FROM \${BASE}
COPY node /usr/local/bin/node
COPY main.mjs /main.mjs
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/main.mjs"]
`;

async function pushEcho(registry: string): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), "slipway-echo-"));
  try {
    await copyFile(process.execPath, join(context, "node"));
    await writeFile(join(context, "main.mjs"), program);
    await writeFile(join(context, "Dockerfile"), dockerfile);
    await letEverybodyRead(context);
    const buildArgs = { BASE: await baseImage() };
    await buildImage({ dockerfile: join(context, "Dockerfile"), context, tag: "echo:1", buildArgs });
    return (await pushImage("echo:1", undefined, registry)).reference;
  } finally {
    await rm(context, { recursive: true });
  }
}

describe("a whole node", () => {
  let node: RunningNode;

  before(async () => {
    await down(name);
    node = await upNode({ name });
    const image = await pushEcho(node.registryAddress);
    for (const workload of ["echo", "quiet"]) {
      await node.kubectl(["create", "deployment", workload, `--image=${image}`, "--port=8080"]);
      await node.kubectl(["expose", "deployment", workload, "--port=80", "--target-port=8080"]);
    }
    await node.kubectl(["scale", "deployment", "echo", "--replicas=2"]);
    await node.kubectl(["wait", "deployment", "--all", "--for=condition=Available", "--timeout=120s"]);
  });
  after(() => down(name));

  const read = async (parameters: string[]) => (await node.kubectl(parameters)).stdout.trim();
  const serviceAddress = (service: string) => read(["get", "service", service, "-o", "jsonpath={.spec.clusterIP}"]);
  const podAddress = (app: string) =>
    read(["get", "pods", "-l", `app=${app}`, "-o", "jsonpath={.items[0].status.podIP}"]);
  const fetchInNode = async (url: string) => {
    const code = "fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)";
    return (await node.inNode(process.execPath, "-e", code, url)).stdout.trim();
  };
  /** A Service leads to its pods up to a second after they are ready, where nothing else keeps the node busy. */
  const fetchOnceThere = (url: string) => waitFor(url, () => fetchInNode(url), { timeoutMilliseconds: 120_000 });

  test("runs pods of an image that it pulled from its registry, and spreads a Service over them", async () => {
    const url = `http://${await serviceAddress("echo")}`;
    const seen = new Set<string>();
    // Two pods at random: thirty answers of one only would be one case in half a billion.
    for (let attempt = 0; attempt < 30 && seen.size < 2; attempt++) seen.add(await fetchOnceThere(url));
    const names = (await read(["get", "pods", "-l", "app=echo", "-o", "jsonpath={.items[*].metadata.name}"])).split(
      " ",
    );
    assert.deepEqual([...seen].toSorted(), names.toSorted());
  });

  test("gives logs, shells and figures of its pods", async () => {
    assert.equal(await read(["logs", "deployment/quiet"]), "listening");
    assert.match(await read(["exec", "deployment/quiet", "--", "node", "--version"]), /^v\d+\./);
    const top = () => read(["top", "pods", "-l", "app=quiet", "--no-headers"]);
    assert.match(await waitFor("kubectl top", top, { timeoutMilliseconds: 180_000 }), /^quiet-\S+ +\d+m +\d+Mi$/);
  });

  test("lets pods find Services by name, and counts that", async () => {
    const pod = await podAddress("echo");
    const ask = (url: string) => fetchOnceThere(`http://${pod}:8080/out?url=${encodeURIComponent(url)}`);
    assert.match(await ask("http://quiet.default.svc.cluster.local"), /^quiet-/);
    assert.match(await ask("http://registry.kube-system.svc.cluster.local:5000/v2/"), /^\{\}/);
    const traffic = (await node.sinkCounters()).get(pod) ?? noTraffic;
    assert.equal(traffic.sink, 0, "traffic inside the cluster does not take the way out");
    assert.ok(traffic.nameLookups > 0);
    assert.ok(traffic.connections > 0);
  });

  test("lets nothing leave, and counts what tries to", async () => {
    const pod = await podAddress("echo");
    const ask = (url: string) => fetchOnceThere(`http://${pod}:8080/out?url=${encodeURIComponent(url)}`);
    const earlier = (await node.sinkCounters()).get(pod) ?? noTraffic;
    assert.match(
      await ask("http://192.0.2.1"),
      /^failed (EHOSTUNREACH|ETIMEDOUT|TimeoutError|UND_ERR_CONNECT_TIMEOUT)$/,
    );
    assert.match(await ask("http://telemetry.example.com"), /^failed (EAI_AGAIN|ENOTFOUND)$/);
    const traffic = (await node.sinkCounters()).get(pod) ?? noTraffic;
    assert.ok(traffic.sink > earlier.sink, "the packets to 192.0.2.1 were not counted");
    assert.ok(traffic.nameLookups > earlier.nameLookups, "the look-ups of the name were not counted");
  });

  test("counts nothing of a pod that only answers", async () => {
    const pod = await podAddress("quiet");
    await fetchOnceThere(`http://${pod}:8080`);
    assert.equal((await node.sinkCounters()).get(pod), undefined);
  });

  test("says that it is up and starts nothing when it is started again", async () => {
    const ledger = readLedger(name);
    const lines: string[] = [];
    await upNode({ name, report: (line) => void lines.push(line) });
    assert.deepEqual(lines, [`cluster ${name} is already up; using it`]);
    assert.deepEqual(readLedger(name), ledger);
  });

  const shell = async (script: string) => (await node.inNode("sh", "-c", script)).stdout.trim();

  test("the command line knows it: status, env, exec", async () => {
    const status = await clusterStatus(name);
    assert.equal(status.state, "up");
    const main = `${process.execPath} ${clusterMain}`;
    assert.equal(await shell(`eval "$(${main} env --name ${name})" && kubectl get node -o name`), `node/${name}`);
    assert.match(await shell(`${main} exec --name ${name} -- helm list`), /^NAME/);
    assert.equal(await shell(`${main} exec --name ${name} -- sh -c 'exit 7' || echo $?`), "7");
  });

  test("a node that lost its kubelet is partial, and is started afresh", async () => {
    const kubelet = readLedger(name)?.processes.find((each) => each.name === "kubelet");
    assert.ok(kubelet);
    signal(kubelet, "SIGKILL");
    while (isRunning(kubelet)) await sleep(10);
    const status = await clusterStatus(name);
    assert.deepEqual([status.state, status.ended], ["partial", ["kubelet"]]);

    const lines: string[] = [];
    await upNode({ name, report: (line) => void lines.push(line) });
    assert.equal(lines[0], `cluster ${name} is without kubelet: starting afresh`);
    assert.equal((await clusterStatus(name)).state, "up");
  });

  test("down leaves nothing behind, of pods that run and when called twice", async () => {
    const image = await pushEcho(node.registryAddress);
    await node.kubectl(["create", "deployment", "echo", `--image=${image}`]);
    await node.kubectl(["wait", "deployment/echo", "--for=condition=Available", "--timeout=120s"]);
    assert.ok((await leftovers(name)).length > 0);
    await down(name);
    assert.deepEqual(await leftovers(name), []);
    const lines: string[] = [];
    await down(name, (line) => void lines.push(line));
    assert.deepEqual(lines, [`no cluster ${name}`]);
  });

  // After the network exists; and once containers may exist.
  for (const moment of [/^control plane \.\.\./, /^node servers: done/]) {
    test(`down removes what an up left that was killed at ${moment}`, async () => {
      const starting = spawn(process.execPath, [clusterMain, "up", "--name", name], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const exited = once(starting, "exit");
      for await (const line of createInterface(starting.stderr)) {
        if (moment.test(line)) break;
      }
      starting.kill("SIGKILL");
      await exited;
      assert.equal((await clusterStatus(name)).state, "partial");
      await down(name);
      assert.deepEqual(await leftovers(name), []);
    });
  }
});
