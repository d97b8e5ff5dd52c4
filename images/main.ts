import { join } from "node:path";
import { stageOperator, stageServer } from "./stage.ts";

/** `npx node images/main.ts`: fills build/server and build/operator, the build contexts of the two Dockerfiles. */
const repository = join(import.meta.dirname, "..");
await stageServer(repository, join(repository, "build", "server"));
await stageOperator(repository, join(repository, "build", "operator"));
