/** The reference pages that are made from the code: whole, or the blocks between their markers. */
import { readFile } from "node:fs/promises";
import { commands } from "../../cli/commands.ts";
import { modelSchema } from "../../cli/plan/schema.ts";
import { readConfig } from "../../operator/config.ts";
import { withBlock } from "../values-reference.ts";
import { commandsPage } from "./commands.ts";
import { environmentTable } from "./environment.ts";
import { errorsTable, routesTable } from "./http.ts";
import { operatorMetrics, serverMetrics } from "./metrics.ts";
import { modelPage } from "./model-page.ts";
import { tutorialPlan } from "./tutorial.ts";

const crdFile = "crds/modeldeployment.yaml";

/** Content by file. `root` is the folder of the repository, ending in a slash. */
export async function referencePages(root: URL): Promise<Readonly<Record<string, string>>> {
  return {
    "docs/tutorial.md": await withBlocks("docs/tutorial.md", {
      plan: await tutorialPlan(await readFile("docs/tutorial.md", "utf8")),
    }),
    "docs/reference/modeldeployment.md": modelPage(await modelSchema(root), crdFile),
    "docs/reference/cli.md": commandsPage(commands),
    "docs/reference/operator.md": await withBlocks("docs/reference/operator.md", {
      flags: `\`\`\`text\n${operatorHelp()}\`\`\``,
      metrics: await operatorMetrics(),
    }),
    "docs/reference/http-api.md": await withBlocks("docs/reference/http-api.md", {
      routes: routesTable(),
      errors: errorsTable(),
    }),
    "docs/reference/server.md": await withBlocks("docs/reference/server.md", {
      environment: await environmentTable(),
      metrics: await serverMetrics(),
    }),
  };
}

async function withBlocks(file: string, blocks: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(file, "utf8");
  for (const [name, block] of Object.entries(blocks)) text = withBlock(text, name, block);
  return text;
}

function operatorHelp(): string {
  const result = readConfig(["--help"], {});
  if (result.kind !== "help") throw new Error("the operator has no --help");
  return result.text;
}
