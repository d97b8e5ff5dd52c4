import type { RunOutcome } from "../engine/run.ts";
import { type Problem, problems } from "../errors.ts";
import type { AppOptions } from "./app-options.ts";

/** What a run that gave no outputs is to its client. */
export function runProblem(
  outcome: Exclude<RunOutcome, { readonly kind: "done" | "abandoned" }>,
  options: Pick<AppOptions, "queueLimit" | "queueSeconds" | "runSeconds" | "state">,
): Problem {
  switch (outcome.kind) {
    case "invalid":
      return outcome.problem;
    case "refused":
      return outcome.isOutOfMemory ? problems.outOfMemory() : problems.runRefused(outcome.message);
    case "full":
      return problems.queueFull(options.queueLimit);
    case "expired":
      return problems.queueExpired(options.queueSeconds);
    case "stuck":
      return problems.runTimedOut(options.runSeconds);
    case "faulted":
      return problems.engineFault();
    case "closed":
      break;
  }
  return problems.notReady(options.state.phase);
}
