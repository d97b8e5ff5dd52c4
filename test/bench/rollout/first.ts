import { join } from "node:path";
import { kinds } from "../../../operator/api/kinds.ts";
import type { Manifest } from "../../../operator/kube/transport/client.ts";
import { serviceUrl } from "../../e2e/ask.ts";
import { model } from "../../e2e/models.ts";
import { waitFor } from "../../cluster/wait.ts";
import type { RolloutGround } from "./ground.ts";
import { sinceStart } from "./phases.ts";

/** What first-answer.ts prints. */
export interface FirstAnswer {
  /** Since the epoch. */
  readonly answeredMs: number;
  readonly attempts: number;
  /** What the attempts before it came to, by status or error. */
  readonly before: Readonly<Record<string, number>>;
}

/** Milliseconds from when the model was sent to the API server. */
export interface FirstReading {
  readonly firstMs: number;
  /** When the Service was there, and each condition of the pod; later ones than the first answer may be missing. */
  readonly phases: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly before: Readonly<Record<string, number>>;
}

const serviceTimeoutMs = 30_000;
const lookEveryMs = 10;

/** A new model, the demo's classifier, until it has answered one picture. It goes on serving. */
export async function firstPrediction(ground: RolloutGround, name: string): Promise<FirstReading> {
  const { bench, classifier, bodyFile, phases } = ground;
  const uri = await bench.push(name, "1", classifier);
  const spec = model(name, [{ name: "v1", uri }]);
  const manifest: Manifest = { ...spec, metadata: { name, namespace: bench.namespace } };
  const startMs = Date.now();
  await bench.client.create(kinds.model, manifest, { fieldManager: "bench" });
  const service = await waitFor(`the Service of ${name}`, () => serviceUrl(bench, name), {
    timeoutMilliseconds: serviceTimeoutMs,
    intervalMilliseconds: lookEveryMs,
  });
  const serviceMs = Date.now();
  const script = join(import.meta.dirname, "first-answer.ts");
  const url = `${service}/v2/models/${name}/infer`;
  const { stdout } = await bench.node.inNode(process.execPath, script, url, bodyFile);
  const { answeredMs, attempts, before } = JSON.parse(stdout) as FirstAnswer;
  return {
    firstMs: answeredMs - startMs,
    phases: sinceStart({ ...phases.of(name), service: serviceMs }, startMs),
    attempts,
    before,
  };
}
