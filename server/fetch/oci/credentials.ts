import type { Credentials } from "../sources/credentials.ts";
import { findRegistryCredentials, type RegistryCredentials } from "./docker-config.ts";
import type { Reference } from "./reference.ts";

/** Nobody. */
export interface Anonymous {
  readonly kind: "anonymous";
  /** What to do when nobody is refused. */
  readonly advice: string;
}

/**
 * What the Secret of the source holds for the registry: the entry of `.dockerconfigjson` for its host, or `username` and
 * `password`, or a `token`.
 */
export async function readRegistryCredentials(
  credentials: Credentials,
  { registry, repository }: Reference,
): Promise<RegistryCredentials | Anonymous> {
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
  if (token !== undefined) return { kind: "bearer", token };
  const advice =
    configuration === undefined
      ? "Name a Secret with .dockerconfigjson, username and password, or token in source.secretRef, or make the repository readable."
      : `The .dockerconfigjson of the source's Secret has no entry for it. Create the Secret anew with --docker-server=${registry}.`;
  return { kind: "anonymous", advice };
}
