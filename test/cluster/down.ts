import { withLock } from "./ledger.ts";
import { leftovers } from "./leftovers.ts";
import { checkClusterName } from "./node/addresses.ts";
import { removeCluster } from "./remove-cluster.ts";
import { type Report, silent, step } from "./report.ts";

/** Removes everything that a cluster of this name consists of; does nothing when there is nothing. */
export async function down(name: string, report: Report = silent): Promise<void> {
  checkClusterName(name);
  await withLock(name, async () => {
    if ((await leftovers(name)).length === 0) return report(`no cluster ${name}`);
    await step(report, `removing cluster ${name}`, () => removeCluster(name));
    const left = await leftovers(name);
    if (left.length > 0) throw new Error(`cluster ${name} left behind:\n${left.join("\n")}`);
  });
}
