import { join } from "node:path";
import { stageGpuServer, stageOperator, stageServer } from "./stage.ts";

/**
 * `npx node images/main.ts`: fills build/server and build/operator, the build contexts of two Dockerfiles. With `gpu` it
 * fills build/server-gpu, for which it downloads 1.4 GB.
 */
const repository = join(import.meta.dirname, "..");
const build = join(repository, "build");
if (process.argv[2] === "gpu") {
  await stageGpuServer(repository, join(build, "server-gpu"));
} else {
  await stageServer(repository, join(build, "server"));
  await stageOperator(repository, join(build, "operator"));
}
