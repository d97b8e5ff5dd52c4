import type { Provider, RefusedProvider } from "../../contract.ts";
import type { EngineFailure } from "../run.ts";

type Attempt<Opened> = ({ readonly ok: true } & Opened) | ({ readonly ok: false } & EngineFailure);

/**
 * The first provider that opens the model; each that does not is told of. ONNX Runtime, given a list, does not go on to the
 * next: its session is not made.
 *
 * When none opens it, the last one's reason stands for all: it is what was left to be tried.
 */
export function firstThatWorks<Opened>(
  providers: readonly Provider[],
  open: (provider: Provider) => Attempt<Opened>,
):
  | ({ readonly ok: true; readonly provider: Provider; readonly refusedProviders: readonly RefusedProvider[] } & Opened)
  | ({ readonly ok: false } & EngineFailure) {
  const refusedProviders: RefusedProvider[] = [];
  let last: EngineFailure = { reason: "InvalidConfiguration", message: "No provider is named to run the model." };
  for (const provider of providers) {
    const attempt = open(provider);
    if (attempt.ok) return { ...attempt, provider, refusedProviders };
    last = attempt;
    refusedProviders.push({ provider, message: attempt.message });
  }
  const others = refusedProviders.slice(0, -1).filter(({ message }) => message !== last.message);
  const before = others.map(({ provider, message }) => ` Before that, ${provider} was tried: ${message}`);
  return { ok: false, reason: last.reason, message: `${last.message}${before.join("")}` };
}
