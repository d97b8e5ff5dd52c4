/** From nothing to a served model whose version changes under load: `make demo`. */
import { createInterface } from "node:readline/promises";
import { runningNode, type RunningNode, upNode } from "../test/cluster/node/node.ts";
import { installPackages } from "../test/cluster/packages.ts";
import { type Report, step } from "../test/cluster/report.ts";
import { type ChangeOutcome, countsOf } from "./change.ts";
import { type DemoCluster, modelName, nodeCluster } from "./cluster.ts";
import { currentCluster, demoNamespace, removal } from "./current-cluster.ts";
import { diagnosis } from "./diagnosis.ts";
import { publishImages } from "./images.ts";
import { timedReport } from "./report.ts";
import {
  applyQuickstart,
  changeVersions,
  installChart,
  predict,
  pushModels,
  takeUpServerImage,
  waitForModel,
} from "./steps.ts";
import { type Target, targetOf } from "./target.ts";

const help = `make demo, or: npm run demo
  Starts a one-node Kubernetes on this machine (as root, in a network namespace of its own), builds and installs
  Slipway, serves a model, asks it for predictions, changes its version under load and back. Missing Debian packages
  are named and installed. The first run builds Kubernetes from source, about ten minutes on two cores; a second one
  takes less than two. Everything stays up afterwards; make down removes it. No other cluster is touched.

make demo CLUSTER=current REGISTRY=HOST[:PORT][/PATH], or: npm run demo -- --cluster=current --registry=...
  The same on the cluster of the current kube context, in the namespace slipway-demo, after asking for the context's
  name. Images and models are pushed to the registry with the logins that docker leaves, and the cluster has to be able
  to pull them from there without one.
    PLAIN_HTTP=1, --plain-http        the registry speaks no TLS
    YES_USE=NAME, --yes-use=NAME      the context that may be used without asking
`;

const result = targetOf(process.argv.slice(2));
switch (result.kind) {
  case "help":
    process.stdout.write(help);
    break;
  case "errors":
    process.stderr.write(`${result.errors.join("\n")}\n\n${help}`);
    process.exitCode = 2;
    break;
  case "target":
    await main(
      result.target,
      timedReport(
        (text) => process.stdout.write(text),
        () => performance.now(),
      ),
    );
}

async function main(target: Target, report: Report): Promise<void> {
  let cluster: DemoCluster | undefined;
  try {
    cluster = await step(report, "1/7 Kubernetes", () => clusterOf(target, report));
    const outcome = await demo(cluster, report);
    process.stdout.write(closing(target, outcome));
  } catch (error) {
    report(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    report(await whatToDo(target, cluster));
    process.exitCode = 1;
  }
}

async function clusterOf(target: Target, report: Report): Promise<DemoCluster> {
  if (target.kind === "own") return nodeCluster(await upNode({ report }));
  const cluster = await currentCluster(target, process.stdin.isTTY ? askOnTerminal : undefined);
  await installPackages("node", report);
  return cluster;
}

async function demo(cluster: DemoCluster, report: Report): Promise<ChangeOutcome> {
  const { kubectl } = cluster;
  const title = "2/7 images of operator and server";
  const images = await step(report, title, () => publishImages(report, cluster.registry));
  await step(report, "3/7 two versions of a model in the registry", () => pushModels(cluster, report));
  await step(report, "4/7 the operator, by its Helm chart", () => installChart(cluster, images, report));
  await step(report, "5/7 the model", async () => {
    await applyQuickstart(cluster, report);
    await takeUpServerImage(kubectl, images, report);
    await waitForModel(kubectl, report);
  });
  const { repository, tag } = images.operator;
  const clients = await cluster.clients(`${repository}:${tag}`);
  await step(report, "6/7 predictions", () => predict(cluster, clients, report));
  return step(report, "7/7 to version v2 and back under load", () => changeVersions(cluster, clients, report));
}

async function askOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

function closing(target: Target, { load, rollbackMs }: ChangeOutcome): string {
  const isOwn = target.kind === "own";
  const namespace = isOwn ? "" : ` -n ${demoNamespace}`;
  return `
${countsOf(load)}
latency: median ${load.latencyMs.p50} ms, 99 of 100 within ${load.latencyMs.p99} ms; longest time without an answer ${load.longestGapMs} ms
going back: ${rollbackMs} ms from the edit to the last answer of v2

${isOwn ? "The cluster stays up. To go on:" : "Everything stays. To go on:"}
${isOwn ? '  eval "$(make -s kubeenv)"\n' : ""}  kubectl get modeldeployment${namespace} ${modelName} -o wide
  kubectl patch modeldeployment${namespace} ${modelName} --type=merge -p '{"spec":{"version":"v2"}}'
${isOwn ? "make down removes everything." : `These remove everything:\n  ${removal}`}
`;
}

async function whatToDo(target: Target, cluster: DemoCluster | undefined): Promise<string> {
  if (target.kind === "current") {
    if (cluster === undefined) return "Nothing was built.";
    return `${await diagnosis(cluster.kubectl, cluster)}\n\nThe same command goes on where it stopped. These remove everything:\n  ${removal}`;
  }
  let node: RunningNode;
  try {
    node = await runningNode();
  } catch {
    return "Kubernetes is not up; make demo starts it again, make down clears what is left of it.";
  }
  const own = nodeCluster(node);
  const state = await diagnosis(own.kubectl, own);
  return `${state}\n\nmake demo goes on where it stopped; make down starts from nothing.`;
}
