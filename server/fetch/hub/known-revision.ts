import { isFailure } from "../failure.ts";
import type { SourceRequest } from "../source.ts";
import type { HubAddress } from "./address.ts";
import type { HubClient } from "./client.ts";
import type { HubRevision } from "./revision.ts";

export interface FoundRevision {
  readonly revision: HubRevision;
  /** Why the recorded commit was not taken; undefined where it was, or there is none. */
  readonly gone: string | undefined;
  /** The branch or tag of the uri leads elsewhere by now. */
  readonly warning: string | undefined;
}

/**
 * The commit that a version stands for. One that is recorded is taken as long as the Hub has it, wherever the branch or
 * tag of the uri leads by now. Where it is gone, the uri is resolved anew: the digest tells whether the bytes are the same.
 */
export async function knownRevision(
  client: HubClient,
  address: HubAddress,
  { known, log }: Pick<SourceRequest, "known" | "log">,
): Promise<FoundRevision> {
  const commit = known?.pin;
  const recorded = commit === undefined ? undefined : await unlessRefused(client.resolve(commit));
  if (recorded === undefined) {
    const gone = commit === undefined ? undefined : `as commit ${commit}, which the Hub does not give any more`;
    return { revision: await client.resolve(address.revision), gone, warning: undefined };
  }
  const led = await client.look(address.revision).catch((error: unknown) => {
    if (!isFailure(error)) throw error;
    log.info({ reason: error.reason }, `where the revision leads is not known: ${error.message}`);
    return undefined;
  });
  const hasMoved = led !== undefined && led.commit !== recorded.commit && differ(led, recorded, address.path);
  return { revision: recorded, gone: undefined, warning: hasMoved ? moved(address, led, recorded) : undefined };
}

/** Whether the uri would give something else: a commit that only changes other files does not matter. */
function differ(led: HubRevision, recorded: HubRevision, path: string): boolean {
  return listed(led, path) !== listed(recorded, path);
}

function listed({ files }: HubRevision, path: string): string {
  const own = files
    .filter((file) => path === "" || file.path === path || file.path.startsWith(`${path}/`))
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
  return JSON.stringify(own.map((file) => [file.path, file.size, file.sha256, file.blob]));
}

function moved({ repository, revision }: HubAddress, led: HubRevision, { commit }: HubRevision): string {
  return `${repository}@${revision} leads to commit ${led.commit} by now; this version goes on with ${commit}. To serve the new bytes, add them as a version with a name of its own.`;
}

/** A commit that was written over is missing to the Hub, or none of the repository's. */
async function unlessRefused(revision: Promise<HubRevision>): Promise<HubRevision | undefined> {
  return revision.catch((error: unknown) => {
    if (isFailure(error) && (error.reason === "NotFound" || error.reason === "Unauthorized")) return undefined;
    throw error;
  });
}
