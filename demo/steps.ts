import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../test/cluster/command.ts";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import type { Report } from "../test/cluster/report.ts";
import type { LoadSummary } from "../test/load/tally.ts";
import { type ChangeOutcome, changeUnderLoad, countsOf } from "./change.ts";
import { type Clients, type DemoCluster, modelName } from "./cluster.ts";
import type { Kubectl } from "./diagnosis.ts";
import type { PublishedImages } from "./images.ts";
import { readModel, waitUntilReached } from "./model-client.ts";
import { directionModels } from "./models.ts";

const quickstart = "examples/quickstart.yaml";

/** Two images are pulled, and one pod after the other becomes ready, on two cores that do everything else, too. */
const readyTimeoutMs = 180_000;

/** Pushes both versions of the model under the addresses that the quickstart names. */
export async function pushModels(cluster: DemoCluster, report: Report): Promise<void> {
  const tags = { "1": directionModels().v1, "2": directionModels().v2 };
  for (const [tag, content] of Object.entries(tags)) report(await cluster.pushModel(tag, content));
}

/** Installs the chart, or upgrades it when it is there, into a namespace that takes restricted pods only. */
export async function installChart(cluster: DemoCluster, images: PublishedImages, report: Report): Promise<void> {
  const { systemNamespace, namespaceLabels } = cluster;
  const labels = { ...namespaceLabels, "pod-security.kubernetes.io/enforce": "restricted" };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: systemNamespace, labels } };
  await cluster.kubectl(["apply", "-f", "-"], JSON.stringify(namespace));
  const values = {
    image: images.operator,
    server: { image: images.server },
    registries: { plainHttpHosts: cluster.plainHttpHosts },
  };
  const command = ["upgrade", "--install", "slipway", join(repositoryDirectory, "charts", "slipway")];
  const how = ["--namespace", systemNamespace, "--values", "-", "--wait", "--timeout", "3m"];
  report(`helm ${["upgrade", "--install", "slipway", "charts/slipway", ...how].join(" ")}`);
  await cluster.helm([...command, ...how], JSON.stringify(values));
}

/** The quickstart as it is; in another cluster with the address that its models were pushed to. */
export async function applyQuickstart({ kubectl, modelRepository }: DemoCluster, report: Report): Promise<void> {
  const text = await readFile(join(repositoryDirectory, quickstart), "utf8");
  const manifest = text.replaceAll(/oci:\/\/[^"]*(?=:\d+")/g, `oci://${modelRepository}`);
  report(`kubectl apply -f ${quickstart}${manifest === text ? "" : `, with oci://${modelRepository}`}`);
  report((await kubectl(["apply", "-f", "-"], manifest)).trim());
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
export async function predict({ kubectl }: DemoCluster, clients: Clients, report: Report): Promise<void> {
  const url = await predictionUrl(kubectl);
  const [program = "", ...parameters] = clients.predict;
  for (const flags of [[], ["--upside-down"]]) {
    report((await run(program, [...parameters, url, clients.pictureFile, ...flags])).stdout.trim());
  }
}

/** Forward and back under load; a failed request is a failed demo. */
export async function changeVersions(
  { kubectl }: DemoCluster,
  clients: Clients,
  report: Report,
): Promise<ChangeOutcome> {
  const url = await predictionUrl(kubectl);
  const outcome = await changeUnderLoad({ kubectl, report, model: modelName, url, clients });
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
