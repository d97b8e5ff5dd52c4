// Run by `helm test`: node --input-type=module --eval SCRIPT CREDENTIALS OPERATOR REPLICAS SECONDS
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

const [credentials, operator, replicas, seconds] = process.argv.slice(1);
const answerTimeoutMs = 5_000;

async function crdIsServed() {
  const path = "/apis/slipway.dev/v1alpha1";
  const { status, text } = await askApiServer(path);
  if (status !== 200) throw new Error(`the API server answered ${status} to ${path}: is the CRD installed?`);
  const { resources } = JSON.parse(text);
  if (!resources.some(({ name }) => name === "modeldeployments")) throw new Error(`${path} has no modeldeployments`);
  return "the API server serves slipway.dev/v1alpha1 modeldeployments";
}

/** The name leads to ready pods only, so those that are not are seen by their number. */
async function operatorIsReady() {
  const { hostname, port } = new URL(operator);
  const addresses = await lookup(hostname, { all: true }).catch((error) => {
    throw new Error(`${hostname} leads to no pod that is ready (${error.code})`);
  });
  if (addresses.length < Number(replicas)) {
    throw new Error(
      `${addresses.length} of ${replicas} operator pods ready; kubectl describe pods in the operator's namespace says why`,
    );
  }
  let leaders = 0;
  for (const { address, family } of addresses) {
    const base = `http://${family === 6 ? `[${address}]` : address}:${port}`;
    await ask(`${base}/readyz`);
    if (/^leader_election_master_status\{name="slipway-operator"\} 1$/m.test(await ask(`${base}/metrics`))) leaders += 1;
  }
  if (leaders !== 1) throw new Error(`${leaders} of ${addresses.length} operator pods hold the lease; one has to`);
  if (addresses.length === 1) return "1 operator pod is ready, and holds the lease";
  return `${addresses.length} operator pods are ready, one of them holds the lease`;
}

async function ask(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) }).catch((error) => {
    throw new Error(`${url} gave no answer: ${error.cause?.message ?? error.message}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.trim()}`);
  return text;
}

async function askApiServer(path) {
  const ca = await readFile(`${credentials}/ca.crt`);
  const token = await readFile(`${credentials}/token`, "utf8");
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token.trim()}`, accept: "application/json" };
    const sent = request({ host, port, path, ca, headers, timeout: answerTimeoutMs }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, text })).on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${answerTimeoutMs} ms`)));
    sent.on("error", (error) => reject(new Error(`the API server gave no answer: ${error.message}`)));
    sent.end();
  });
}

// Just after an install a pod may not be ready, or no lease taken.
const end = Date.now() + Number(seconds) * 1000;
for (const check of [crdIsServed, operatorIsReady]) {
  for (;;) {
    try {
      console.log(`ok: ${await check()}`);
      break;
    } catch (error) {
      if (Date.now() >= end) {
        console.error(`not ok: ${error.message}`);
        process.exit(1);
      }
      await delay(1_000);
    }
  }
}
