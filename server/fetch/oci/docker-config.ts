import { failure } from "../failure.ts";
import { isRecord } from "../model/is-record.ts";

/** How to prove to a registry who one is. */
export type RegistryCredentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** Exchanged for an access token (OAuth 2 refresh token, as `az acr login` writes it). */
  | { readonly kind: "identityToken"; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly kind: "bearer"; readonly token: string };

/** Docker Hub is written in many ways; `docker login` files it under the first. */
const dockerHub: readonly string[] = [
  "index.docker.io",
  "docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
];

/**
 * The entry of a Docker `config.json` (a Secret of type `kubernetes.io/dockerconfigjson`) for one repository; undefined
 * when none fits. Entries are a host, a host and the start of a path, with or without `https://` and an API version, and
 * may have `*` in place of a label of the host, as the kubelet takes them; the longest that fits is used.
 */
export function findRegistryCredentials(
  configuration: string,
  registry: string,
  repository: string,
): RegistryCredentials | undefined {
  const entries = [...authEntries(configuration)]
    .map(([name, entry]) => ({ ...splitEntry(name), entry }))
    .filter(({ host, path }) => fitsHost(host, registry) && fitsPath(path, repository))
    // An entry without `*` before one with, and then the longer path.
    .toSorted((left, right) => rank(right) - rank(left));
  for (const { entry } of entries) {
    const credentials = credentialsOf(entry);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

function authEntries(configuration: string): Map<string, Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(configuration);
  } catch {
    document = undefined;
  }
  const auths = isRecord(document) ? document["auths"] : undefined;
  if (!isRecord(auths)) {
    throw failure(
      "InvalidConfiguration",
      'The key .dockerconfigjson of the source\'s Secret is not JSON with an object "auths". Create it with: kubectl create secret docker-registry',
    );
  }
  return new Map(
    Object.entries(auths).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1])),
  );
}

function splitEntry(name: string): { readonly host: string; readonly path: string } {
  const bare = name
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/v[12](?:\/.*)?$/, "")
    .replace(/\/+$/, "");
  const slash = bare.indexOf("/");
  return slash === -1 ? { host: bare, path: "" } : { host: bare.slice(0, slash), path: bare.slice(slash + 1) };
}

function fitsHost(pattern: string, registry: string): boolean {
  if (dockerHub.includes(pattern)) return dockerHub.includes(registry);
  const [wanted, labels] = [pattern.split("."), registry.split(".")];
  return wanted.length === labels.length && wanted.every((label, index) => label === "*" || label === labels[index]);
}

function fitsPath(path: string, repository: string): boolean {
  return path === "" || repository === path || repository.startsWith(`${path}/`);
}

function rank({ host, path }: { readonly host: string; readonly path: string }): number {
  return path.length + (host.includes("*") ? 0 : 10_000);
}

function credentialsOf(entry: Record<string, unknown>): RegistryCredentials | undefined {
  const text = (name: string): string => (typeof entry[name] === "string" ? entry[name] : "");
  if (isToken(text("identitytoken"))) return { kind: "identityToken", token: text("identitytoken") };
  if (isToken(text("registrytoken"))) return { kind: "bearer", token: text("registrytoken") };
  const decoded = Buffer.from(text("auth"), "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // `auth` is what Docker writes; kubectl writes it and the two fields.
  const [username, password] =
    colon > 0 ? [decoded.slice(0, colon), decoded.slice(colon + 1)] : [text("username"), text("password")];
  return username === "" && password === "" ? undefined : { kind: "basic", username, password };
}

/** What may stand in a header. */
function isToken(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value);
}
