import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../../operator/api/kinds.ts";
import { round } from "../spread.ts";
import { collectionPath } from "./collections.ts";
import type { OperatorGround } from "./ground.ts";
import { until } from "./load.ts";

let edits = 0;

/** A user's edit that needs another revision. Gives when the API server had answered. */
export async function edit({ admin }: OperatorGround, model: string): Promise<number> {
  edits += 1;
  const body = { spec: { server: { env: [{ name: "BENCH_EDIT", value: String(edits) }] } } };
  await admin.call("PATCH", `${collectionPath(kinds.model)}/${model}`, JSON.stringify(body));
  return performance.now();
}

/** Edits one model after the other; milliseconds from each answer to the event of the Deployment that it leads to. */
export async function editInTurn(
  ground: OperatorGround,
  models: readonly string[],
  options: { readonly pauseMs: number; readonly goesOn?: () => boolean },
): Promise<readonly number[]> {
  const delays: number[] = [];
  for (const model of models) {
    if (options.goesOn?.() === false) break;
    delays.push(await editOnce(ground, model));
    await delay(options.pauseMs);
  }
  return delays;
}

async function editOnce(ground: OperatorGround, model: string): Promise<number> {
  const known = new Set(ground.seen.sight(model).deployments.keys());
  const answered = await edit(ground, model);
  return round((await newDeployment(ground, model, known)) - answered);
}

/** When the first Deployment of a revision that is not known was seen. */
export async function newDeployment(
  ground: OperatorGround,
  model: string,
  known: ReadonlySet<string>,
): Promise<number> {
  const fresh = (): number | undefined =>
    [...ground.seen.sight(model).deployments].find(([revision]) => !known.has(revision))?.[1];
  await until(`the edit of ${model} is in a Deployment`, () => fresh() !== undefined, 2);
  return fresh() ?? Number.NaN;
}
