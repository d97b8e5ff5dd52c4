/** What the tutorial shows of `slipway plan`: printed by the command from the manifest on the page. */
import { run } from "../../test/cluster/command.ts";

export async function tutorialPlan(page: string): Promise<string> {
  const manifest = /^```yaml\n(.*?)^```$/ms.exec(page)?.[1];
  if (manifest === undefined) throw new Error("the tutorial has no manifest");
  const { stdout } = await run(process.execPath, ["cli/main.ts", "plan", "-f", "-"], { input: manifest });
  return `\`\`\`text\n${stdout}\`\`\``;
}
