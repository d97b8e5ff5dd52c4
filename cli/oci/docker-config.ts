import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../server/fetch/failure.ts";
import { failed } from "../complaint.ts";
import type { PasswordCredentials } from "./authorization.ts";

/** Where `docker login` and `oras login` leave credentials. */
export function dockerConfigPath(variables: Readonly<Record<string, string | undefined>>): string {
  return join(variables["DOCKER_CONFIG"] || join(homedir(), ".docker"), "config.json");
}

/** The credentials stored for a registry; undefined when there are none. */
export async function storedCredentials(path: string, registry: string): Promise<PasswordCredentials | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return undefined;
    throw failed(`${path} cannot be read (${errorCode(error)})`, error);
  }
  return credentialsIn(text, registry, path);
}

/** `auths.HOST.auth` is base64 of `name:password`. Credential helpers are programs, and are not asked. */
export function credentialsIn(text: string, registry: string, path: string): PasswordCredentials | undefined {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw failed(`${path} is not JSON: repair it, or log in again`);
  }
  const auths = memberOf(config, "auths");
  const names = registry === "registry-1.docker.io" ? [registry, "https://index.docker.io/v1/"] : [registry];
  for (const name of [...names, `https://${registry}`, `http://${registry}`]) {
    const auth = memberOf(memberOf(auths, name), "auth");
    if (typeof auth !== "string" || auth === "") continue;
    const decoded = Buffer.from(auth, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon > 0) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  return undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
