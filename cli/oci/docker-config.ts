import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../server/fetch/failure.ts";
import { isRecord } from "../../server/fetch/model/is-record.ts";
import { findRegistryCredentials, type RegistryCredentials } from "../../server/fetch/oci/docker-config.ts";
import { failed } from "../complaint.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The text of the file in which `docker login` and `oras login` leave credentials; undefined when there is none, or none
 * in it: credential helpers are programs, and are not asked.
 */
export async function readDockerConfig(variables: Variables): Promise<string | undefined> {
  const path = join(variables["DOCKER_CONFIG"] || join(homedir(), ".docker"), "config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return undefined;
    throw failed(`${path} cannot be read (${errorCode(error)})`, error);
  }
  return hasLogins(text, path) ? text : undefined;
}

function hasLogins(text: string, path: string): boolean {
  try {
    const config: unknown = JSON.parse(text);
    return isRecord(config) && isRecord(config["auths"]);
  } catch {
    throw failed(`${path} is not JSON: repair it, or log in again`);
  }
}

/** The credentials stored for a repository; undefined when there are none. */
export async function storedCredentials(
  variables: Variables,
  registry: string,
  repository: string,
): Promise<RegistryCredentials | undefined> {
  const config = await readDockerConfig(variables);
  return config === undefined ? undefined : findRegistryCredentials(config, registry, repository);
}
