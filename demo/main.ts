/** From nothing to a served model whose version changes under load: `make demo`. */
import { parseArgs } from "node:util";
import { runningNode, type RunningNode, upNode } from "../test/cluster/node/node.ts";
import { type Report, step } from "../test/cluster/report.ts";
import { type ChangeOutcome, countsOf } from "./change.ts";
import { diagnosis } from "./diagnosis.ts";
import { publishImages } from "./images.ts";
import { timedReport } from "./report.ts";
import {
  applyQuickstart,
  changeVersions,
  installChart,
  kubectlOf,
  modelName,
  predict,
  pushModels,
  takeUpServerImage,
  waitForModel,
} from "./steps.ts";

const help = `make demo, or: npm run demo
  Starts a one-node Kubernetes on this machine (as root, in a network namespace of its own), builds and installs
  Slipway, serves a model, asks it for predictions, changes its version under load and back. Missing Debian packages
  are named and installed. The first run builds Kubernetes from source, about ten minutes on two cores; a second one
  takes less than two. Everything stays up afterwards; make down removes it.
`;

const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });
if (values.help) process.stdout.write(help);
else
  await main(
    timedReport(
      (text) => process.stdout.write(text),
      () => performance.now(),
    ),
  );

async function main(report: Report): Promise<void> {
  try {
    process.stdout.write(closing(await demo(report)));
  } catch (error) {
    report(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    report(await whatToDo());
    process.exitCode = 1;
  }
}

async function demo(report: Report): Promise<ChangeOutcome> {
  const node = await step(report, "1/7 Kubernetes", () => upNode({ report }));
  const kubectl = kubectlOf(node);
  const images = await step(report, "2/7 images of operator and server", () => publishImages(report));
  await step(report, "3/7 two versions of a model in the registry", () => pushModels(report));
  await step(report, "4/7 the operator, by its Helm chart", () => installChart(node, images, report));
  await step(report, "5/7 the model", async () => {
    await applyQuickstart(kubectl, report);
    await takeUpServerImage(kubectl, images, report);
    await waitForModel(kubectl, report);
  });
  await step(report, "6/7 predictions", () => predict(node, report));
  return step(report, "7/7 to version v2 and back under load", () => changeVersions(node, report));
}

function closing({ load, rollbackMs }: ChangeOutcome): string {
  return `
${countsOf(load)}
latency: median ${load.latencyMs.p50} ms, 99 of 100 within ${load.latencyMs.p99} ms; longest time without an answer ${load.longestGapMs} ms
going back: ${rollbackMs} ms from the edit to the last answer of v2

The cluster stays up. To go on:
  eval "$(make -s kubeenv)"
  kubectl get modeldeployment ${modelName} -o wide
  kubectl patch modeldeployment ${modelName} --type=merge -p '{"spec":{"version":"v2"}}'
make down removes everything.
`;
}

async function whatToDo(): Promise<string> {
  let node: RunningNode;
  try {
    node = await runningNode();
  } catch {
    return "Kubernetes is not up; make demo starts it again, make down clears what is left of it.";
  }
  const state = await diagnosis(kubectlOf(node));
  return `${state}\n\nmake demo goes on where it stopped; make down starts from nothing.`;
}
