import { join } from "node:path";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import { nodeNames, registryAddress, registryName } from "../test/cluster/node/addresses.ts";
import type { RunningNode } from "../test/cluster/node/node.ts";
import type { Report } from "../test/cluster/report.ts";
import { pushArtifact } from "../test/fixtures/oci.ts";
import type { LoadSummary } from "../test/load/tally.ts";
import { type ChangeOutcome, changeUnderLoad, countsOf } from "./change.ts";
import type { Kubectl } from "./diagnosis.ts";
import type { PublishedImages } from "./images.ts";
import { readModel, waitUntilReached } from "./model-client.ts";
import { directionModels } from "./models.ts";

export const modelName = "text-direction";
const quickstart = "examples/quickstart.yaml";
const systemNamespace = "slipway-system";
const pictureFile = join(repositoryDirectory, "demo", "pictures", "platform.png");

/** Two images are pulled, and one pod after the other becomes ready, on two cores that do everything else, too. */
const readyTimeoutMs = 180_000;

export function kubectlOf(node: RunningNode): Kubectl {
  return async (parameters, input) => (await node.kubectl(parameters, input === undefined ? {} : { input })).stdout;
}

/** Pushes both versions of the model under the addresses that the quickstart names. */
export async function pushModels(report: Report): Promise<void> {
  const tags = { "1": directionModels().v1, "2": directionModels().v2 };
  for (const [tag, content] of Object.entries(tags)) {
    const repository = `models/${modelName}`;
    const files = [{ name: "model.onnx", content }];
    const { digest } = await pushArtifact({ registry: registryAddress, plainHttp: true, repository, tag, files });
    report(`${registryAddress}/${repository}:${tag} is ${digest}`);
  }
}

/** Installs the chart, or upgrades it when it is there, into a namespace that takes restricted pods only. */
export async function installChart(node: RunningNode, images: PublishedImages, report: Report): Promise<void> {
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: systemNamespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  };
  await node.kubectl(["apply", "-f", "-"], { input: JSON.stringify(namespace) });
  const values = {
    image: images.operator,
    server: { image: images.server },
    // By the name that pods resolve, and by the address that needs no look-up.
    registries: { plainHttpHosts: [registryName, registryAddress] },
  };
  const command = ["upgrade", "--install", "slipway", join(repositoryDirectory, "charts", "slipway")];
  const how = ["--namespace", systemNamespace, "--values", "-", "--wait", "--timeout", "3m"];
  report(`helm ${["upgrade", "--install", "slipway", "charts/slipway", ...how].join(" ")}`);
  await node.helm([...command, ...how], { input: JSON.stringify(values) });
}

export async function applyQuickstart(kubectl: Kubectl, report: Report): Promise<void> {
  report(`kubectl apply -f ${quickstart}`);
  report((await kubectl(["apply", "-f", join(repositoryDirectory, quickstart)])).trim());
}

/** A model keeps the server image it was started with; with another restartToken it takes up the installed one. */
export async function takeUpServerImage(kubectl: Kubectl, images: PublishedImages, report: Report): Promise<void> {
  const running = ["get", "deployments", "-l", `slipway.dev/model=${modelName}`];
  const used = await kubectl([...running, "-o", "jsonpath={.items[*].spec.template.spec.containers[*].image}"]);
  if (used === "" || used.split(" ").includes(`${images.server.repository}:${images.server.tag}`)) return;
  const patch = JSON.stringify({ spec: { restartToken: images.server.tag } });
  report(`the server image changed: kubectl patch modeldeployment ${modelName} --type=merge -p '${patch}'`);
  await kubectl(["patch", "modeldeployment", modelName, "--type=merge", "-p", patch]);
}

export async function waitForModel(kubectl: Kubectl, report: Report): Promise<void> {
  await waitUntilReached(kubectl, modelName, "v1", { timeoutMs: readyTimeoutMs, report });
}

/** Sends one picture as it is and turned round, as a client inside the cluster does. */
export async function predict(node: RunningNode, report: Report): Promise<void> {
  const url = await predictionUrl(kubectlOf(node));
  const client = join(repositoryDirectory, "demo", "predict.ts");
  for (const flags of [[], ["--upside-down"]]) {
    const { stdout } = await node.inNode(process.execPath, client, url, pictureFile, ...flags);
    report(stdout.trim());
  }
}

/** Forward and back under load; a failed request is a failed demo. */
export async function changeVersions(node: RunningNode, report: Report): Promise<ChangeOutcome> {
  const kubectl = kubectlOf(node);
  const url = await predictionUrl(kubectl);
  const prefix = ["nsenter", `--net=${nodeNames(node.name).networkNamespaceFile}`];
  const outcome = await changeUnderLoad({ kubectl, report, model: modelName, url, pictureFile, prefix });
  const { load } = outcome;
  if (load.failed > 0) {
    throw new Error(`${countsOf(load)}: ${JSON.stringify(load.byError)}, the first at ${firstFailure(load)}`);
  }
  return outcome;
}

function firstFailure(summary: LoadSummary): string {
  const [first] = summary.failures;
  return first === undefined ? "an unknown time" : new Date(first.endedMs).toISOString();
}

/** The Service by its address: names are resolved for pods, not for this machine. */
async function predictionUrl(kubectl: Kubectl): Promise<string> {
  const { spec } = await readModel(kubectl, modelName);
  const address = await kubectl(["get", "service", modelName, "-o", "jsonpath={.spec.clusterIP}"]);
  return `http://${address}:${spec.service.port}/v2/models/${modelName}/infer`;
}
