import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { CommandError } from "../cluster/command.ts";
import { ask, reachable, serviceUrl } from "./ask.ts";
import { type Bench, startBench } from "./bench.ts";
import { model, pushVersions, question } from "./models.ts";
import { condition, eventually, reached } from "./wait.ts";

const name = "numbers";
const numbers = question.inputs.flatMap(({ data }) => data);
let bench: Bench;
let url: string;

before(async () => {
  bench = await startBench("e2e-prediction");
  await bench.apply(model(name, await pushVersions(bench, name)));
  await bench.kubectl("wait", "--for=condition=Ready", `md/${name}`, "--timeout=180s");
  url = await serviceUrl(bench, name);
  await reachable(bench, url);
});

after(() => bench.stop());

test("all three protocols answer through the Service, and the answers are the version's", async () => {
  assert.deepEqual(await answers(), { v2: ["v1", numbers], v1: [numbers], plain: [numbers] });
  await bench.kubectl("patch", "md", name, "--type=merge", "-p", '{"spec":{"version":"v2"}}');
  await reached(bench, name, "v2");
  const negative = numbers.map((value) => -value);
  await eventually("v2 answers", async () => {
    assert.deepEqual(await answers(), { v2: ["v2", negative], v1: [negative], plain: [negative] });
  });
});

async function answers(): Promise<object> {
  const v2 = await predict(`/v2/models/${name}/infer`, question);
  const v1 = await predict(`/v1/models/${name}:predict`, { instances: [numbers] });
  const plain = await predict("/predict", { input_data: [numbers] });
  return { v2: [v2.model_version, v2.outputs?.[0]?.data], v1: v1.predictions, plain: plain.predictions };
}

/** What the three protocols' answers have that is looked at here. */
interface Prediction {
  readonly model_version?: string;
  readonly outputs?: readonly { readonly data: readonly number[] }[];
  readonly predictions?: readonly (readonly number[])[];
}

async function predict(path: string, body: object): Promise<Prediction> {
  const answer = await ask(bench, url + path, body);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return JSON.parse(answer.text) as Prediction;
}

test("a pod reaches the model by the address that status tells", async () => {
  const { url: address } = await bench.status(name);
  assert.equal(address, `http://${name}.${bench.namespace}.svc`);
  const [pod] = await bench.pods(name);
  const code = `fetch("${address}/v2/models/${name}").then((answer) => answer.json()).then(({ name }) => console.log(name))`;
  assert.equal(await bench.kubectl("exec", pod?.metadata.name ?? "", "--", "/usr/local/bin/node", "-e", code), name);
});

test("kubectl get shows what serves, what is wanted and why", async () => {
  await reached(bench, name, "v2");
  const columns = ["NAME", "READY", "AVAILABLE", "VERSION", "TARGET", "REPLICAS", "REASON", "AGE"];
  const [header, row] = await table("get", "md", name);
  assert.deepEqual(header, columns);
  assert.deepEqual(row?.slice(0, 7), [name, "True", "True", "v2", "v2", "1", "Serving"]);
  const [wideHeader, wideRow] = await table("get", "modeldeployment", name, "-o", "wide");
  assert.deepEqual(wideHeader, [...columns, "URL"]);
  assert.equal(wideRow?.[8], `http://${name}.${bench.namespace}.svc`);
  assert.match(await bench.kubectl("get", "ai"), new RegExp(`^${name} `, "m"));
});

async function table(...parameters: string[]): Promise<string[][]> {
  return (await bench.kubectl(...parameters)).split("\n").map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
}

test("nonsense is refused by name, and the next request is served", async () => {
  const [input] = question.inputs;
  const nonsense: readonly (readonly [object | string, RegExp])[] = [
    ['{"inputs": [', /JSON/],
    [{ inputs: [{ ...input, name: "z" }] }, /"?z"?.*"?x"?/],
    [{ inputs: [{ ...input, datatype: "INT64" }] }, /INT64.*FP32|FP32.*INT64/],
    [{ inputs: [{ ...input, shape: [1, 5] }] }, /5/],
    [{ inputs: [{ ...input, data: [1, 2, 3, null] }] }, /null/],
  ];
  for (const [body, says] of nonsense) {
    const answer = await ask(bench, `${url}/v2/models/${name}/infer`, body);
    assert.equal(answer.status, 400, answer.text);
    const { error } = JSON.parse(answer.text) as { readonly error: string };
    assert.match(error, says);
    assert.doesNotMatch(error, /\/(app|model)\/|\bat \S+:\d+/, "a path or a stack");
    await predict(`/v2/models/${name}/infer`, question);
  }
  assert.equal((await ask(bench, `${url}/v2/models/other/infer`, question)).status, 404);
  const restarts = (await bench.pods(name)).map((pod) => pod.status.containerStatuses?.[0]?.restartCount);
  assert.deepEqual(
    restarts,
    restarts.map(() => 0),
  );
});

test("the models' pods run where only restricted ones may", async () => {
  assert.ok((await bench.pods(name)).length > 0);
  const refusal = await bench.kubectl("run", "careless", "--image=registry.test/careless:1").then(
    () => "accepted",
    (error: CommandError) => error.stderr,
  );
  assert.match(refusal, /violates PodSecurity "restricted/);
});

test("scaled to zero and back by kubectl", async () => {
  await bench.kubectl("scale", "md", name, "--replicas=0");
  await eventually("nothing is left", async () => {
    const status = await bench.status(name);
    assert.equal(condition(status, "Available").status, "False");
    assert.deepEqual([condition(status, "Ready").status, condition(status, "Ready").reason], ["True", "ScaledToZero"]);
    assert.deepEqual([status.replicas, status.readyReplicas], [0, 0]);
    assert.deepEqual(await bench.pods(name), []);
  });
  assert.deepEqual((await table("get", "md", name))[1]?.slice(1, 7), [
    "True",
    "False",
    "v2",
    "v2",
    "0",
    "ScaledToZero",
  ]);
  // Terminating endpoints are kept as a last resort (KEP-1669), so answers stop only when the last pod has drained.
  await eventually("nothing answers", () => assert.rejects(ask(bench, `${url}/v2/health/ready`)));

  await bench.kubectl("scale", "md", name, "--replicas=2");
  const { status } = await reached(bench, name, "v2");
  assert.equal(condition(status ?? {}, "Available").status, "True");
  assert.equal((await bench.pods(name)).length, 2);
  await reachable(bench, url);
  await predict(`/v2/models/${name}/infer`, question);
});
