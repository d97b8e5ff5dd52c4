import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { environment, paths } from "../../server/contract.ts";
import { stateDirectory } from "../cluster/directories.ts";
import { nodeNames } from "../cluster/node/addresses.ts";
import { pushArtifact } from "../fixtures/oci.ts";
import type { Place } from "../integration/fetch/servers/place.ts";
import { type Registry, startRegistry } from "../integration/fetch/servers/registry.ts";
import { region, type S3Server, startS3Server } from "../integration/fetch/servers/s3-server.ts";
import { type Bench, startBench } from "./bench.ts";
import { model, same } from "./models.ts";
import { condition, eventually, reached } from "./wait.ts";

/** What the sources' own tests cannot see: Secrets, accounts and users as a kubelet gives them to a pod. */
const namespace = "e2e-sources";
/** Below the ports that the kernel gives to connections, and apart from those of the node. */
const ports = { registry: 5010, bucket: 5020, identities: 5030 };
/** What pods run as; nothing but its group may read their Secrets. */
const podGroup = 65532;
const ofNode = nodeNames("slipway");

/** Of the published test vectors of bcrypt, which has no maker among the packages here. */
const user = { name: "letters", password: "abcdefghijklmnopqrstuvwxyz" };
const htpasswd = `${user.name}:$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC\n`;

let bench: Bench;
let open: Registry;
let closed: Registry;
let bucket: S3Server;
let identities: Identities;

before(async () => {
  bench = await startBench(namespace);
  open = await startRegistry();
  await pushArtifact({
    registry: open.host,
    plainHttp: true,
    repository: "private/same",
    tag: "1",
    files: [{ name: "model.onnx", content: same }],
  });
  closed = await startRegistry({ passwords: htpasswd, dataOf: open, place: inNode(ports.registry) });
  bucket = await startS3Server({ place: inNode(ports.bucket) });
  await bucket.put("same/model.onnx", same);
  identities = await startIdentities(inNode(ports.identities), bucket);
});

after(async () => {
  await bench.stop();
  await identities.close();
  await bucket.close();
  await closed.close();
  await open.close();
});

describe("a pod's own credentials", { concurrency: true }, () => {
  test("a registry that asks for a password, which a Secret holds that the pod's user alone can read", async () => {
    const name = "by-password";
    const docker = ["--docker-server", closed.host, "--docker-username", user.name];
    await bench.kubectl("create", "secret", "docker-registry", name, ...docker, "--docker-password", "abc");
    await bench.apply(modelFrom(name, `oci://${closed.host}/private/same:1`, { source: { secretRef: { name } } }));
    await eventually("the wrong password is told", async () => {
      const { lastFailure } = await bench.status(name);
      assert.deepEqual([lastFailure?.stage, lastFailure?.reason], ["Download", "Unauthorized"]);
      assert.match(
        lastFailure?.message ?? "",
        /private\/same:1 to the credentials of the source's Secret \(status 401\)/,
      );
    });
    // Nothing but the Secret is corrected: the next attempt reads it anew.
    const auth = Buffer.from(`${user.name}:${user.password}`).toString("base64");
    const entries = JSON.stringify({ auths: { [closed.host]: { auth } } });
    await bench.apply(secret(name, { ".dockerconfigjson": entries }, "kubernetes.io/dockerconfigjson"));
    await reached(bench, name, "v1");
    await assertSecretIsOfFetchAlone(name, ".dockerconfigjson");
  });

  test("a Secret that is not there is told by its name, and found once it is", async (t) => {
    const name = "by-late-secret";
    await bench.apply(modelFrom(name, `oci://${closed.host}/private/same:1`, { source: { secretRef: { name } } }));
    await eventually("the missing Secret is told", async () => {
      const status = await bench.status(name);
      assert.deepEqual([status.lastFailure?.stage, status.lastFailure?.reason], ["Download", "Unauthorized"]);
      assert.match(status.lastFailure?.message ?? "", /no Secret "by-late-secret" .* Create it, or correct/);
      assert.equal(condition(status, "Ready").reason, "Unauthorized");
    });
    await bench.apply(secret(name, { username: user.name, password: user.password }));
    const created = Date.now();
    await reached(bench, name, "v1");
    t.diagnostic(`served ${Date.now() - created} ms after the Secret was created`);
    await assertSecretIsOfFetchAlone(name, "password");
  });

  test("a bucket, whose keys a Secret holds", async () => {
    const name = "by-keys";
    const keys = { ...bucket.keys, AWS_ENDPOINT_URL: bucket.endpoint, AWS_REGION: region };
    await bench.apply(secret(name, keys));
    await bench.apply(modelFrom(name, "s3://models/same/model.onnx", { source: { secretRef: { name } } }));
    await reached(bench, name, "v1");
    await assertSecretIsOfFetchAlone(name, "AWS_SECRET_ACCESS_KEY");
  });

  test("a bucket that trusts the service account, whose token the init container alone has", async () => {
    const name = "by-account";
    const tokens = "/var/run/secrets/models";
    // With the account's own word that every pod gets its Kubernetes token, which Slipway's pods do not take.
    await bench.apply({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "reader" },
      automountServiceAccountToken: true,
    });
    await bench.apply(
      modelFrom(name, "s3://models/same/", {
        source: { serviceAccountName: "reader" },
        // What a cloud's webhook adds to the pods of such an account.
        fetch: {
          env: {
            AWS_ENDPOINT_URL: bucket.endpoint,
            AWS_ENDPOINT_URL_STS: `http://${identities.host}`,
            AWS_REGION: region,
            AWS_ROLE_ARN: "arn:aws:iam::000000000000:role/models-reader",
            AWS_WEB_IDENTITY_TOKEN_FILE: `${tokens}/token`,
          },
          volumeMounts: [{ name: "tokens", mountPath: tokens, readOnly: true }],
        },
        volumes: [
          {
            name: "tokens",
            projected: { sources: [{ serviceAccountToken: { path: "token", audience: "sts.test" } }] },
          },
        ],
      }),
    );
    await reached(bench, name, "v1");
    const [token] = identities.tokens();
    const review = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, audiences: ["sts.test"] },
    };
    const { stdout } = await bench.node.kubectl(["create", "-f", "-", "-o", "jsonpath={.status.user.username}"], {
      input: JSON.stringify(review),
    });
    assert.equal(stdout, `system:serviceaccount:${namespace}:reader`);
    assert.deepEqual(await seenByServer(name, [tokens, "/var/run/secrets", "/run/secrets"]), [false, false, false]);
  });
});

/** A place that pods reach, as they reach the node's own servers. */
function inNode(port: number): Place {
  return { host: `${ofNode.nodeAddress}:${port}`, enter: ["nsenter", `--net=${ofNode.networkNamespaceFile}`] };
}

interface Extra {
  readonly source: object;
  /** Over what Slipway gives the init container. */
  readonly fetch?: { readonly env: Readonly<Record<string, string>>; readonly volumeMounts: readonly object[] };
  readonly volumes?: readonly object[];
}

/** The servers here are not among the hosts that the node's chart names as plain, so the pod is told. */
function modelFrom(name: string, uri: string, { source, fetch, volumes }: Extra): object {
  const plain = Object.values(ports)
    .map((port) => inNode(port).host)
    .join(",");
  const variables = { [environment.plainHttpHosts]: plain, ...fetch?.env };
  const env = Object.entries(variables).map(([variable, value]) => ({ name: variable, value }));
  const mounts = fetch === undefined ? {} : { volumeMounts: fetch.volumeMounts };
  const podTemplate = {
    spec: { initContainers: [{ name: "fetch", env, ...mounts }], ...(volumes === undefined ? {} : { volumes }) },
  };
  return model(name, [{ name: "v1", uri }], { source, podTemplate });
}

function secret(name: string, stringData: Readonly<Record<string, string>>, type = "Opaque"): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, type, stringData };
}

/**
 * The files belong to root and to the pod's group, for reading alone; the init container read them, which runs as
 * another user than root; and the container that serves does not have them.
 */
async function assertSecretIsOfFetchAlone(name: string, key: string): Promise<void> {
  const [pod] = await bench.pods(name);
  const volumes = join(stateDirectory(bench.node.name), "kubelet", "pods", pod?.metadata.uid ?? "", "volumes");
  const { mode, uid, gid } = await stat(join(volumes, "kubernetes.io~secret", "credentials", key));
  assert.deepEqual([(mode & 0o777).toString(8), uid, gid], ["440", 0, podGroup]);
  assert.deepEqual(await seenByServer(name, [paths.credentialsDirectory]), [false]);
  const status = await bench.status(name);
  assert.equal(condition(status, "Available").status, "True");
}

/** Whether the container that serves has something at each path, and that it is not root who looks. */
async function seenByServer(name: string, places: readonly string[]): Promise<readonly boolean[]> {
  const [pod] = await bench.pods(name);
  const program = `
    const { existsSync } = require("node:fs");
    const found = ${JSON.stringify(places)}.map((path) => existsSync(path));
    console.log(JSON.stringify({ user: process.getuid(), found }));
  `;
  const exec = ["exec", pod?.metadata.name ?? "", "-c", "server", "--", "/usr/local/bin/node", "-e", program];
  const { user: seen, found } = JSON.parse(await bench.kubectl(...exec)) as { user: number; found: boolean[] };
  assert.equal(seen, podGroup);
  return found;
}

interface Identities {
  readonly host: string;
  /** What was presented, in order. */
  tokens(): readonly string[];
  close(): Promise<void>;
}

/**
 * An STS that gives the bucket's keys for any token and tells which: whose it is, the API server that issued it says.
 * A real one that trusts an issuer is in test/integration/fetch/s3/identity.test.ts.
 */
async function startIdentities({ host, enter }: Place, { keys }: S3Server): Promise<Identities> {
  const [address = "", port = ""] = host.split(":");
  const answer = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>${keys.AWS_ACCESS_KEY_ID}</AccessKeyId><SecretAccessKey>${keys.AWS_SECRET_ACCESS_KEY}</SecretAccessKey>
    </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
  const program = `
    import { createServer } from "node:http";
    import { text } from "node:stream/consumers";
    createServer(async (request, response) => {
      console.log(new URLSearchParams(await text(request)).get("WebIdentityToken"));
      response.end(${JSON.stringify(answer)});
    }).listen(${port}, ${JSON.stringify(address)}, () => console.log("listening"));
  `;
  // Killed by the kernel when the test dies, however it dies.
  const command = ["--pdeathsig", "KILL", ...enter, process.execPath, "--input-type=module", "-e", program];
  const child: ChildProcess = spawn("setpriv", command, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const output = child.stdout;
  assert.ok(output);
  const reader = createInterface({ input: output }).on("line", (line) => lines.push(line));
  await Promise.race([
    once(reader, "line"),
    once(child, "exit").then(() => assert.fail("the token service does not start")),
  ]);
  return {
    host,
    tokens: () => lines.filter((line) => line !== "listening"),
    close: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}
