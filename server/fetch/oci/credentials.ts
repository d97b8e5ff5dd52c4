import type { Credentials } from "../credentials.ts";
import { findRegistryCredentials, type RegistryCredentials } from "./docker-config.ts";
import type { Reference } from "./reference.ts";

/**
 * What the Secret of the source holds for the registry: the entry of `.dockerconfigjson` for its host, or `username` and
 * `password`, or a `token`. Undefined means anonymous access.
 */
export async function readRegistryCredentials(
  credentials: Credentials,
  { registry, repository }: Reference,
): Promise<RegistryCredentials | undefined> {
  const configuration = await credentials.read(".dockerconfigjson");
  if (configuration !== undefined) {
    const found = findRegistryCredentials(configuration, registry, repository);
    if (found !== undefined) return found;
  }
  const username = await credentials.read("username");
  const password = await credentials.read("password");
  if (username !== undefined || password !== undefined) {
    return { kind: "basic", username: username ?? "", password: password ?? "" };
  }
  const token = await credentials.read("token");
  return token === undefined ? undefined : { kind: "bearer", token };
}
