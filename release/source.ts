import { run } from "../test/cluster/command.ts";
import { type Source, sourceUri } from "./provenance.ts";

/** The commit that lies in a folder, and whether anything there is not part of it. */
export async function sourceOf(repository: string): Promise<Source> {
  const git = async (...parameters: string[]): Promise<string> =>
    (await run("git", ["-C", repository, ...parameters])).stdout.trim();
  const commit = await git("rev-parse", "HEAD").catch((error: unknown) => {
    throw new Error("a release is made from a checkout of git, whose commit it names", { cause: error });
  });
  // A clone from an archive may have no remote.
  const remote = await git("config", "--get", "remote.origin.url").catch(() => "");
  const changes = await git("status", "--porcelain");
  return { commit, uri: sourceUri(remote, commit), uncommitted: changes !== "" };
}
