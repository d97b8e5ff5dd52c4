import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { commands } from "../../../cli/commands.ts";
import { run } from "../../../cli/run.ts";
import { testEdge } from "../../../cli/test-edge.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { createAuthority } from "../fetch/servers/authority.ts";
import { type RunningServer, startServer } from "../server/harness.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";

const space = "/api/v1/namespaces/models";
const servicePath = `GET ${space}/services/m`;
const podsPath = `GET ${space}/pods?labelSelector=slipway.dev%2Fmodel%3Dm`;
const forwardPath = `GET ${space}/pods/m-2/portforward?ports=8081`;
const modelPath = "GET /apis/slipway.dev/v1alpha1/namespaces/models/modeldeployments/m";

const condition = (status: string): object => ({ conditions: [{ type: "Ready", status }] });
const pods = [
  { metadata: { name: "m-0", deletionTimestamp: "2026-12-01T00:00:00Z" }, status: condition("True") },
  { metadata: { name: "m-1" }, status: condition("False") },
  { metadata: { name: "m-2" }, status: condition("True") },
];

let server: RunningServer;
let api: ApiServer;
let folder: string;
before(async () => {
  const model = onnxModel({
    nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
    inputs: [{ name: "x", elementType: "float32", dims: ["n"] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["n"] }],
  });
  server = await startServer({ files: { "model.onnx": model } });
  folder = await mkdtemp(join(tmpdir(), "slipway-cli-"));
  const authority = await createAuthority(folder);
  api = await startApiServer(server.port, authority);
  const cluster = { server: api.url, "certificate-authority": authority.authorityPath };
  const config = {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "models" } }],
    "current-context": "x",
  };
  await writeFile(join(folder, "kubeconfig"), JSON.stringify(config));
});
after(async () => {
  api.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

function reset(): void {
  api.answers.clear();
  api.answers.set(servicePath, [200, { spec: { selector: { "slipway.dev/model": "m" } } }]);
  api.answers.set(podsPath, [200, { items: pods }]);
  api.forwarded.length = 0;
  api.failure = undefined;
}

async function predict(
  input: string,
): Promise<{ readonly code: number; readonly written: string; readonly said: string }> {
  const edge = testEdge({ input });
  const kubeconfig = join(folder, "kubeconfig");
  const words = ["predict", "m", "--kubeconfig", kubeconfig, "--json", "-", "--protocol", "grpc", "-o", "json"];
  const code = await run(words, edge, { commands, version: "0" });
  return { code, written: edge.written(), said: edge.said() };
}

test("gRPC goes to a pod that is ready and not on its way out", async () => {
  reset();
  const { code, written, said } = await predict("[1,2.5]");
  assert.equal(code, 0, said);
  assert.match(written, /"shape":\[2\],"data":\[1,2\.5\]\}\]\}\n$/);
  assert.deepEqual(api.forwarded, ["m-2:8081"]);
});

test("messages of any size go both ways whole", async () => {
  reset();
  const values = Array.from({ length: 700_000 }, (_, index) => index % 1000);
  const { code, written, said } = await predict(JSON.stringify(values));
  assert.equal(code, 0, said);
  const [output] = (JSON.parse(written) as { readonly outputs: readonly { readonly data: readonly number[] }[] })
    .outputs;
  assert.ok(output !== undefined && output.data.length === values.length);
  assert.ok(
    output.data.every((value, index) => value === index % 1000),
    "a value is another",
  );
});

test("rights that lack are named, and so is a model that is asleep or not there", async () => {
  const rights = /get on services, list on pods, and get and create on pods\/portforward/;
  for (const path of [servicePath, podsPath, forwardPath]) {
    reset();
    api.answers.set(path, [403, { message: "pods is forbidden" }]);
    const { code, said } = await predict("[1]");
    assert.equal(code, 1);
    assert.match(said, /the API server does not let you reach models\/m: pods is forbidden/, path);
    assert.match(said, rights);
  }
  reset();
  api.answers.set(podsPath, [200, { items: pods.slice(0, 2) }]);
  api.answers.set(modelPath, [200, { spec: { replicas: 0 } }]);
  assert.match((await predict("[1]")).said, /models\/m cannot be asked now \(status 503\): it is scaled to 0/);
  reset();
  api.answers.delete(servicePath);
  assert.match((await predict("[1]")).said, /there is no model models\/m/);
});

test("a port that cannot be forwarded is told in the kubelet's words", async () => {
  reset();
  api.failure = "error forwarding port 8081 to pod: connection refused";
  const { code, said } = await predict("[1]");
  assert.equal(code, 1);
  assert.match(
    said,
    /no port could be forwarded to models\/m-2: error forwarding port 8081 to pod: connection refused/,
  );
});

test("an API server that does not upgrade is told in its words", async () => {
  reset();
  api.answers.set(modelPath, [200, { status: { conditions: [{ type: "Available", status: "True" }] } }]);
  api.answers.set(forwardPath, [400, { message: "Upgrade request required" }]);
  assert.match((await predict("[1]")).said, /models\/m .*Upgrade request required/s);
});
