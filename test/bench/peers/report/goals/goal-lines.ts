import type { BenchResults } from "../../run-bench.ts";
import { cellGoals } from "./cell-goals.ts";
import { figureGoals } from "./figure-goals.ts";
import type { GoalLine } from "./goal-line.ts";

/** Every goal that the bench can measure; of those that this run left out it says so. */
export function goalLines(results: BenchResults): readonly GoalLine[] {
  return [...cellGoals(results), ...figureGoals(results)];
}
