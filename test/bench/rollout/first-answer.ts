/**
 * Asks a Service until it answers a request with 200, and prints when that was: {"answeredMs", "attempts", "before"}.
 * A process of its own, as only inside the node's network there is a way to Services.
 *
 * Every attempt has a connection of its own and does not wait for the ones before: what is sent before kube-proxy knows
 * the Service is lost, and a connection that began so would hide for seconds that others get through.
 */
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { FirstAnswer } from "./first.ts";

const [url = "", bodyFile = ""] = process.argv.slice(2);
const body = await readFile(bodyFile);
const everyMs = 20;
const attemptTimeoutMs = 2_000;
const patienceMs = 120_000;

let answeredMs: number | undefined;
let attempts = 0;
const before: Record<string, number> = {};
for (const end = Date.now() + patienceMs; answeredMs === undefined && Date.now() < end; await delay(everyMs)) {
  attempts += 1;
  void attempt();
}
if (answeredMs === undefined)
  throw new Error(`no answer of ${url} in ${patienceMs / 1000} s: ${JSON.stringify(before)}`);
const answer: FirstAnswer = { answeredMs, attempts, before };
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit());

async function attempt(): Promise<void> {
  const outcome = await ask();
  if (answeredMs !== undefined) return;
  if (outcome === "200") answeredMs = Date.now();
  else before[outcome] = (before[outcome] ?? 0) + 1;
}

function ask(): Promise<string> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": body.byteLength };
    const sent = request(url, { method: "POST", agent: false, headers }, (response) => {
      response.resume();
      response.once("end", () => resolve(String(response.statusCode)));
      response.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    const timer = setTimeout(() => sent.destroy(new Error("lost")), attemptTimeoutMs);
    sent.once("close", () => clearTimeout(timer));
    sent.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}
