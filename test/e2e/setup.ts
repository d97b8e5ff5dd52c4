import { nodeCluster } from "../../demo/cluster.ts";
import { type PublishedImages, publishImages } from "../../demo/images.ts";
import { installChart } from "../../demo/steps.ts";
import { type RunningNode, upNode } from "../cluster/node/node.ts";
import type { Report } from "../cluster/report.ts";

/** A running Kubernetes with the operator of this work tree in it. */
export interface Installation {
  readonly node: RunningNode;
  readonly images: PublishedImages;
}

/**
 * Brings up what is missing and renews what has changed: the node, both images, the chart. With everything there it
 * takes about two seconds; it leaves everything up, as the next test file, or a person, goes on with it.
 */
export async function installation(): Promise<Installation> {
  const node = await upNode({ report });
  const cluster = nodeCluster(node);
  const images = await publishImages(report, cluster.registry);
  await installChart(cluster, images, report);
  return { node, images };
}

/** From nothing this takes many minutes: whoever waits sees why. */
const report: Report = (line) => process.stderr.write(`${line}\n`);
