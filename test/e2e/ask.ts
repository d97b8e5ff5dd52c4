import { kinds } from "../../operator/api/kinds.ts";
import type { KubeObject } from "../../operator/kube/transport/resources.ts";
import { paths, ports } from "../../server/contract.ts";
import { waitFor } from "../cluster/wait.ts";
import type { Bench } from "./bench.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Longer than a prediction may take, shorter than a test's patience. */
const answerTimeoutMs = 15_000;

/** Runs as a process of its own, as only inside the node's network there is a way to Services and pods. */
const program = `
const [url, body, type] = process.argv.slice(1);
const options = body === "" ? {} : { method: "POST", body, headers: { "content-type": type } };
const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(${answerTimeoutMs}) });
console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));
`;

/** GET, or POST of a body, from inside the node. An object is sent as JSON, text as it is. */
export async function ask(bench: Bench, url: string, body?: object | string): Promise<Answer> {
  const text = typeof body === "object" ? JSON.stringify(body) : (body ?? "");
  const parameters = ["--input-type=module", "-e", program, url, text, "application/json"];
  return JSON.parse((await bench.node.inNode(process.execPath, ...parameters)).stdout) as Answer;
}

/** Address of a model's Service. Names are resolved for pods alone. */
export async function serviceUrl(bench: Bench, model: string): Promise<string> {
  const service = await bench.get<KubeObject & { readonly spec: { readonly clusterIP: string } }>(kinds.service, model);
  return `http://${service.spec.clusterIP}`;
}

/** A metric of a model's pod, summed over its labels. */
export async function metricOf(bench: Bench, podAddress: string, name: string): Promise<number> {
  const { text } = await ask(bench, `http://${podAddress}:${ports.metrics}/metrics`);
  return sumOf(text, name);
}

/** Sum of a metric over its labels, in the text format of Prometheus. */
export function sumOf(metrics: string, name: string): number {
  const lines = [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
  if (lines.length === 0) throw new Error(`there is no metric ${name}`);
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}

/**
 * Waits until the Service leads to a pod that is ready. kube-proxy follows the pods' readiness after a moment, on a
 * busy machine more than a second; before it knows the Service at all, requests are lost on the way out.
 */
export function reachable(bench: Bench, url: string): Promise<Answer> {
  return waitFor(`${url} leads to a pod`, () => ask(bench, url + paths.ready), { timeoutMilliseconds: 120_000 });
}
