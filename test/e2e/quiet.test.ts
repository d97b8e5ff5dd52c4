import assert from "node:assert/strict";
import { rootCertificates } from "node:tls";
import { after, before, test } from "node:test";
import { noTraffic, type Traffic } from "../cluster/node/sink.ts";
import { registryAddress, registryName } from "../cluster/node/addresses.ts";
import { ask, reachable, serviceUrl } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { extendImage } from "./images.ts";
import { model, question, same } from "./models.ts";
import { addressOf } from "./pods.ts";
import { eventually, reached } from "./wait.ts";

let bench: Bench;
let image: string;

before(async () => {
  bench = await startBench("e2e-quiet");
  // ONNX Runtime sends its telemetry over HTTPS, and stays silent for lack of certificates; they must not be what helps.
  const certificates = { path: "etc/ssl/certs/ca-certificates.crt", content: Buffer.from(rootCertificates.join("\n")) };
  const example = { path: "models/example.onnx", content: same };
  const { repository, tag } = await extendImage(bench.images.server, "quiet", [certificates, example]);
  image = `${repository}:${tag}`;
});

after(() => bench.stop());

test("nothing leaves a model's pod but answers, from start to stop", async (t) => {
  const earlier = await bench.node.sinkCounters();
  const path = (await bench.push("quiet", "1", same)).replace(`oci://${registryName}/`, "");
  // By its address, so that the download needs no look-up of a name either.
  const uris = { pulled: `oci://${registryAddress}/${path}`, built: "file:///models/example.onnx" };
  const addresses: Record<string, string> = {};
  for (const [name, uri] of Object.entries(uris)) {
    await bench.apply(model(name, [{ name: "v1", uri }], { server: { image } }));
  }
  for (const name of Object.keys(uris)) {
    await reached(bench, name, "v1");
    const [pod] = await bench.pods(name);
    assert.ok(pod);
    addresses[name] = addressOf(pod);
    assert.equal(pod.spec.containers[0]?.image, image);
    const environment = await bench.kubectl("exec", pod.metadata.name, "--", "/usr/local/bin/node", "-p", printed);
    assert.deepEqual(JSON.parse(environment), { ORT_DISABLE_TELEMETRY: "1" });
    await reachable(bench, await serviceUrl(bench, name));
  }

  // What the models' servers do not send, another one does: the same image and library, its telemetry not turned off.
  await bench.apply(talkative(image));
  const talker = await eventually("the talkative pod is there", async () => {
    return (
      (await bench.kubectl("get", "pod", "talkative", "-o", "jsonpath={.status.podIP}")) || assert.fail("no address")
    );
  });
  const heard = await eventually("what the talkative pod sends is counted", async () => {
    for (const name of Object.keys(uris)) await predict(name);
    const { sink, nameLookups } = sent(await bench.node.sinkCounters(), earlier, talker);
    assert.ok(sink > 0 && nameLookups > 0, `sink ${sink}, look-ups ${nameLookups}`);
    return { sink, nameLookups };
  });
  t.diagnostic(`telemetry left on: ${heard.sink} packets to the outside, ${heard.nameLookups} name look-ups`);

  for (const name of Object.keys(uris)) {
    await bench.kubectl("delete", "md", name);
    await eventually(`the pod of ${name} is gone`, async () => {
      assert.equal(await bench.kubectl("get", "pods", "-l", `slipway.dev/model=${name}`, "-o", "name"), "");
    });
  }
  const counters = await bench.node.sinkCounters();
  const { connections, ...pulled } = sent(counters, earlier, addresses["pulled"] ?? "");
  assert.deepEqual(pulled, { sink: 0, nameLookups: 0 });
  assert.ok(connections > 0, "the download was not counted, so nothing else would be");
  assert.deepEqual(sent(counters, earlier, addresses["built"] ?? ""), { sink: 0, nameLookups: 0, connections: 0 });
});

/** What decides whether ONNX Runtime talks: the environment of the server's own process. */
const printed = `JSON.stringify(Object.fromEntries(require("node:fs").readFileSync("/proc/1/environ", "utf8").split("\\0")
  .map((line) => line.split("=")).filter(([name]) => ["CI", "ORT_DISABLE_TELEMETRY"].includes(name))))`;

/** A packet to a documentation address (RFC 5737), and a session of ONNX Runtime, which then looks its collector up. */
const talk = `
delete process.env.ORT_DISABLE_TELEMETRY;
const { InferenceSession } = require("node:module").createRequire("/app/main.mjs")("onnxruntime-node");
require("node:net").connect(443, "192.0.2.1").on("error", () => undefined);
InferenceSession.create("/models/example.onnx").then((session) => setTimeout(() => session.release(), 300_000));
`;

const talkative = (reference: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "talkative" },
  spec: {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "talkative",
        image: reference,
        command: ["/usr/local/bin/node", "--input-type=commonjs", "-e", talk],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  },
});

async function predict(name: string): Promise<void> {
  const answer = await ask(bench, `${await serviceUrl(bench, name)}/v2/models/${name}/infer`, question);
  assert.equal(answer.status, 200, answer.text);
}

function sent(counters: ReadonlyMap<string, Traffic>, earlier: ReadonlyMap<string, Traffic>, address: string): Traffic {
  const now = counters.get(address) ?? noTraffic;
  const then = earlier.get(address) ?? noTraffic;
  return {
    sink: now.sink - then.sink,
    nameLookups: now.nameLookups - then.nameLookups,
    connections: now.connections - then.connections,
  };
}
