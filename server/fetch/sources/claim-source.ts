import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { quote } from "../configuration.ts";
import { copyModel } from "../model/copy-model.ts";
import { failure } from "../failure.ts";
import { unreadable } from "../folder/model-folder.ts";
import type { Source } from "./source.ts";

/**
 * `pvc://claim/path`: a file, a tar or a folder of a PersistentVolumeClaim, which the operator mounts for this step; the
 * same as `file://` but that nothing outside the claim is read, wherever its links lead. Without a path it is the whole
 * claim.
 */
export const fetchClaim: Source = async (request) => {
  const { uri } = request;
  const path = claimPath(uri);
  const root = await realpath(request.claimDirectory).catch(() => {
    throw failure(
      "InvalidConfiguration",
      `The claim of ${quote(uri)} is not mounted into the step that fetches the model. The operator does that; is the pod its own?`,
    );
  });
  const found = await realpath(join(root, path)).catch((error: unknown) => {
    throw unreadable(error, uri);
  });
  if (found !== root && !found.startsWith(root + sep)) {
    throw failure("UnsafeArchive", `The path of ${quote(uri)} leads out of the claim. Copy the model into the claim.`);
  }
  return { digest: await copyModel(found, request) };
};

/** The path below the claim. `%` escapes stand for characters, as in `file://`. */
function claimPath(uri: string): string {
  const [, claim, path = ""] = /^pvc:\/\/([^/]*)(?:\/(.*))?$/s.exec(uri) ?? [];
  // Names of claims are DNS subdomains (Kubernetes "Object Names and IDs").
  if (claim === undefined || !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(claim)) {
    throw failure("UnsupportedSource", `The uri ${quote(uri)} names no claim. Write pvc://claim/path.`);
  }
  try {
    const decoded = decodeURIComponent(path);
    if (!decoded.includes("\0")) return decoded;
  } catch {
    // Told below, as what it is for the user: the same mistake.
  }
  throw failure("UnsupportedSource", `The path of ${quote(uri)} has an escape (%) that stands for no character.`);
}
