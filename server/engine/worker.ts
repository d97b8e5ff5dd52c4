import type { MessagePort } from "node:worker_threads";
import { portable, type RunMessage, type WorkerMessage, type WorkerOptions } from "./messages.ts";
import { addLoneRuns, type LoneRunsEdge } from "./lone-runs/add-lone-runs.ts";
import { openSession, type Session } from "./session/session.ts";

/** One thread of the engine: loads the model, says so, and then runs one request after the other. */
export function runWorker(
  port: MessagePort,
  options: WorkerOptions,
  variables: Readonly<Record<string, string | undefined>>,
  { machineNow, privateBytes }: Pick<LoneRunsEdge, "machineNow" | "privateBytes">,
): void {
  const send = (message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const begun = machineNow();
  const opened = openSession(options, variables);
  if (!opened.ok) {
    send({ kind: "loadFailed", reason: opened.reason, message: opened.message });
    return;
  }
  const session = addLoneRuns(opened, options, options.loneRuns, {
    variables,
    machineNow,
    privateBytes,
    loadMilliseconds: machineNow() - begun,
    later: setImmediate,
    onDecided: (decision) => send({ kind: "loneRuns", decision }),
  });
  port.on("message", (message: RunMessage) => {
    const { answer, transfer } = run(session, message);
    send(answer, transfer);
  });
  const { ok, signature, skippedOutputs, provider, refusedProviders } = session;
  send({ kind: "loaded", model: { ok, signature, skippedOutputs, provider, refusedProviders } });
}

function run(
  session: Session,
  { inputs, outputs }: RunMessage,
): { readonly answer: WorkerMessage; readonly transfer: readonly ArrayBuffer[] } {
  const started = performance.now();
  const outcome = session.run(inputs, outputs);
  // They came with the message and belong to nobody else. This thread makes so little that it is rarely collected, and
  // tens of megabytes of pictures would wait for that.
  for (const { data } of inputs) if (!Array.isArray(data)) data.buffer.transfer(0);
  if (outcome.kind === "refused") return { answer: outcome, transfer: [] };
  const { tensors, transfer } = portable(outcome.outputs);
  return { answer: { kind: "done", outputs: tensors, seconds: (performance.now() - started) / 1000 }, transfer };
}
