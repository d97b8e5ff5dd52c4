import { digestPattern, hostPattern, quote } from "../configuration.ts";
import { failure } from "../failure.ts";

/** An `oci://` uri in parts. `digest` wins over `tag`, as with other clients. */
export interface Reference {
  /** `host[:port]` in lower case. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | undefined;
}

// The grammar of OCI distribution-spec 1.1, "Pulling Manifests", taken apart at its slashes so that each pattern is
// matched in linear time.
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Parses `oci://host[:port]/repository[:tag][@digest]`; the tag is `latest` when neither is given. */
export function parseReference(uri: string): Reference {
  const refuse = (why: string): never => {
    // A password must not reach a log or a status; so a uri with one is not quoted.
    const shown = uri.includes("@") && !/@sha256:[0-9a-f]*$/.test(uri) ? "The uri" : `The uri ${quote(uri)}`;
    throw failure("UnsupportedSource", `${shown} ${why}. Write oci://host[:port]/repository[:tag|@sha256:digest].`);
  };
  const rest = uri.slice("oci://".length);
  const slash = rest.indexOf("/");
  if (slash < 1) refuse("names no repository");
  const registry = rest.slice(0, slash).toLowerCase();
  if (registry.includes("@")) refuse("holds a user name or password, which are not taken from a uri");
  if (!hostPattern.test(registry)) refuse("has no valid host[:port]");

  const at = rest.indexOf("@", slash);
  const digest = at === -1 ? undefined : rest.slice(at + 1);
  if (digest !== undefined && !digestPattern.test(digest))
    refuse('has a digest that is not "sha256:" and 64 hex digits');

  const named = rest.slice(slash + 1, at === -1 ? undefined : at);
  const colon = named.indexOf(":");
  const repository = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? "latest" : named.slice(colon + 1);
  if (!tagPattern.test(tag)) refuse(`has the tag ${quote(tag)}; letters, digits, "_", "." and "-" are allowed`);
  if (!repository.split("/").every((component) => componentPattern.test(component))) {
    refuse("has a repository that is not lower-case words separated by / . _ or -");
  }
  return { registry, repository: isDockerHub(registry) ? officialName(repository) : repository, tag, digest };
}

/** Where the API of a registry is spoken: Docker Hub's is not at the name that it goes by. */
export function apiHost(registry: string): string {
  return isDockerHub(registry) ? "registry-1.docker.io" : registry;
}

function isDockerHub(registry: string): boolean {
  return registry === "docker.io" || registry === "index.docker.io";
}

/** Docker Hub keeps what has no owner's name under `library`. */
function officialName(repository: string): string {
  return repository.includes("/") ? repository : `library/${repository}`;
}

/** `repository:tag` or `repository@digest` at its registry, for messages. */
export function showReference(reference: Reference): string {
  return `${reference.registry}/${showArtifact(reference)}`;
}

/** The same without the registry, for messages that name it anyway. */
export function showArtifact({ repository, tag, digest }: Reference): string {
  return `${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}
