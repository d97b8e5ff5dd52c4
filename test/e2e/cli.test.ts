import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { protocols } from "../../cli/predict/protocol.ts";
import { directionModels } from "../../demo/models.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { registryAddress, registryName } from "../cluster/node/addresses.ts";
import { type Ran, slipway } from "../integration/cli/slipway.ts";
import { type Bench, startBench } from "./bench.ts";
import { model } from "./models.ts";
import { eventually, reached } from "./wait.ts";

const name = "direction";
const picture = join(repositoryDirectory, "demo", "pictures", "invoice.png");
const asTrained = ["--size", "48x192", "--mean", "0.5", "--std", "0.5", "--bgr"];
let bench: Bench;
let directory: string;
let digest: string;

before(async () => {
  bench = await startBench("e2e-cli");
  directory = await mkdtemp(join(tmpdir(), "slipway-e2e-"));
  await writeFile(join(directory, "model.onnx"), directionModels().v1);
  const target = `oci://${registryAddress}/${bench.namespace}/${name}:1`;
  const pushed = await slipway(["push", join(directory, "model.onnx"), target, "--plain-http", "-o", "json"]);
  assert.equal(pushed.code, 0, pushed.stderr);
  ({ digest } = JSON.parse(pushed.stdout) as { digest: string });
  const uri = `oci://${registryName}/${bench.namespace}/${name}:1`;
  await bench.apply(model(name, [{ name: "v1", uri, digest }]));
  await reached(bench, name, "v1");
});

after(async () => {
  await bench.stop();
  await rm(directory, { recursive: true, force: true });
});

/** As whoever the kubeconfig is; the admin when none is named. */
function predict(words: readonly string[], kubeconfig = bench.node.adminKubeconfigPath, input = ""): Promise<Ran> {
  const where = words.includes("--namespace") ? [] : ["--namespace", bench.namespace];
  return slipway(["predict", ...words, ...where], { input, variables: { KUBECONFIG: kubeconfig } });
}

test("a model that was pushed is served, and tells which way up a picture is", async () => {
  await eventually("the Service leads to a pod", async () => {
    const { code, stdout, stderr } = await predict([name, "--image", picture, ...asTrained]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^softmax_0\.tmp_0 {2}FP32 {2}\[1, 2\]\n {2}CLASS {2}SCORE\n {2}0 {6}(1|0\.9\d*)\n/);
  });
  const labels = join(directory, "labels.txt");
  await writeFile(labels, "upright\nupside down\n");
  const named = await predict([name, "--image", picture, ...asTrained, "--labels", labels, "--top", "1"]);
  assert.match(named.stdout, /CLASS {2}LABEL {4}SCORE\n {2}0 {6}upright {2}[\d.]+\n$/);
});

test("JSON goes through as it is, or by another protocol, and the answer is shown alike", async () => {
  const zeros = JSON.stringify(Array.from({ length: 3 }, () => [[0]]));
  const v2 = { inputs: [{ name: "x", datatype: "FP32", shape: [1, 3, 1, 1], data: [0, 0, 0] }] };
  const bodies = [`{"instances":[${zeros}]}`, `{"input_data":[${zeros}]}`, `[${zeros}]`, JSON.stringify(v2)];
  const asked = bodies.flatMap((body) =>
    [[], ...protocols.map((protocol) => ["--protocol", protocol])].map((words) => ({ body, words })),
  );
  let first: unknown;
  for (const { body, words } of asked) {
    const { code, stdout, stderr } = await predict([name, "--json", "-", "-o", "json", ...words], undefined, body);
    assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
    const answer: unknown = JSON.parse(stdout);
    first ??= answer;
    assert.deepEqual(answer, first, `${body} ${words.join(" ")}`);
  }
  assert.equal((first as { model_version: string }).model_version, "v1");
});

test("the right to the Service's proxy is enough, and less is told", async () => {
  const proxy = (...verbs: readonly string[]): Promise<string> => userWith([["services/proxy", ...verbs]]);
  const [may, mayNot] = [await proxy("get", "create"), await proxy("list")];
  const allowed = await predict([name, "--image", picture, ...asTrained], may);
  assert.equal(allowed.code, 0, allowed.stderr);
  const refused = await predict([name, "--image", picture, ...asTrained], mayNot);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /does not let you reach e2e-cli\/direction: .*forbidden.*get and create on services\/proxy/s,
  );
  const stranger = await predict([name, "--image", picture, ...asTrained], await kubeconfigOf("no-token-of-anybody"));
  assert.match(stranger.stderr, /the API server does not know you \(401\)/);
});

test("gRPC takes the rights to forward a port to the pods of the Service", async () => {
  const words = [name, "--image", picture, ...asTrained, "--protocol", "grpc"];
  const forwarder = await userWith([
    ["services", "get"],
    ["pods", "list"],
    ["pods/portforward", "get", "create"],
  ]);
  const allowed = await predict(words, forwarder);
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.match(allowed.stdout, /^softmax_0\.tmp_0 {2}FP32 {2}\[1, 2\]\n/);
  assert.match(allowed.stderr, /^grpc: [\d.]+ ms, /);
  const refused = await predict(words, await userWith([["services/proxy", "get", "create"]]));
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /does not let you reach e2e-cli\/direction: .*forbidden.*get on services, list on pods, and get and create on pods\/portforward/s,
  );
  const blind = await userWith([
    ["services", "get"],
    ["pods", "list"],
  ]);
  assert.match((await predict(words, blind)).stderr, /does not let you reach .*forbidden/s);
});

let users = 0;
/** kubeconfig of a user who may do this in the namespace, and nothing else: each a resource and its verbs. */
async function userWith(
  rights: readonly (readonly [resource: string, ...verbs: readonly string[]])[],
): Promise<string> {
  users += 1;
  const user = `user-${users}`;
  await bench.kubectl("create", "serviceaccount", user);
  for (const [index, [resource, ...verbs]] of rights.entries()) {
    const role = `${user}-${index}`;
    await bench.kubectl("create", "role", role, `--verb=${verbs.join(",")}`, `--resource=${resource}`);
    await bench.kubectl("create", "rolebinding", role, `--role=${role}`, `--serviceaccount=${bench.namespace}:${user}`);
  }
  return kubeconfigOf(await bench.kubectl("create", "token", user));
}

async function kubeconfigOf(token: string): Promise<string> {
  const admin = JSON.parse(await readFile(bench.node.adminKubeconfigPath, "utf8")) as { users: object[] };
  const [user] = admin.users;
  const path = join(directory, `kubeconfig-${users}-${token.length}`);
  await writeFile(path, JSON.stringify({ ...admin, users: [{ ...user, user: { token } }] }), { mode: 0o600 });
  return path;
}

test("what is not there, or cannot answer, is told with its reason", async () => {
  const missing = await predict(["nobody", "--json", "-"], undefined, "[1]");
  assert.deepEqual([missing.code, missing.stderr.startsWith("error: there is no model e2e-cli/nobody")], [1, true]);
  const elsewhere = await predict([name, "--json", "-", "--context", "nowhere"], undefined, "[1]");
  assert.match(elsewhere.stderr, /context "nowhere" names no cluster/);
  const wrong = await predict([name, "--json", "-"], undefined, "[1]");
  assert.match(wrong.stderr, /e2e-cli\/direction refused the request: input "x" has shape \[1\]/);
  await bench.kubectl("scale", `md/${name}`, "--replicas=0");
  await eventually("nothing answers any more", async () => {
    const asleep = await predict([name, "--json", "-"], undefined, "[1]");
    assert.match(asleep.stderr, /e2e-cli\/direction cannot be asked now \(status 503\): it is scaled to 0/);
  });
});

test("slipway plan --status sees nothing to do in what the cluster has, and what an edit would", async () => {
  const now = join(directory, "now.yaml");
  await bench.patchModel(name, { replicas: 1 });
  await reached(bench, name, "v1");
  await writeFile(now, await bench.kubectl("get", "md", name, "-o", "yaml"));
  const same = await slipway(["plan", "-f", now, "--status", now]);
  assert.equal(same.code, 0, same.stderr);
  assert.match(same.stdout, /Nothing is left to do\./);
  const { currentRevision } = await bench.status(name);
  assert.match(same.stdout, new RegExp(`revision ${currentRevision}, unchanged`));
  const edited = join(directory, "edited.yaml");
  await writeFile(edited, (await readFile(now, "utf8")).replace("replicas: 1", "replicas: 3"));
  const grown = await slipway(["plan", "-f", edited, "--status", now]);
  assert.match(grown.stdout, /patch +Deployment\/direction-[0-9a-f]+ +from 1 to 3 pods/);
});
