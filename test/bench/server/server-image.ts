import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stageServer } from "../../../images/stage.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import { type ImageStart, imageStart } from "../image-start.ts";

/** Stages what goes into the server's image, below `build`, and tells how its process is started from there. */
export async function serverImage(): Promise<ImageStart> {
  const context = join(repositoryDirectory, "build", "bench", "server");
  await stageServer(repositoryDirectory, context);
  return imageStart(await readFile(join(repositoryDirectory, "images", "server.Dockerfile"), "utf8"), context);
}
