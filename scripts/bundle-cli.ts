/** What `npm pack` runs first. */
import { join } from "node:path";
import { stageCommand } from "../images/stage-command.ts";

const repository = join(import.meta.dirname, "..");
await stageCommand(repository, join(repository, "dist"));
