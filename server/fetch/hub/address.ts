import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";

/** An `hf://` uri in parts. */
export interface HubAddress {
  /** `owner/name`. */
  readonly repository: string;
  /** A commit, a branch or a tag. */
  readonly revision: string;
  /** Of a file or a folder; empty for the whole repository. */
  readonly path: string;
}

const defaultRevision = "main";

/** Parses `hf://owner/name[@revision][/path]`. A `/` inside a revision is written `%2F`. */
export function parseHubAddress(uri: string): HubAddress {
  const refuse = (why: string): never => {
    throw failure(
      "UnsupportedSource",
      `The uri ${quote(uri)} ${why}. Write hf://owner/name[@revision]/path/model.onnx.`,
    );
  };
  const [owner = "", second = "", ...rest] = uri.slice("hf://".length).split("/");
  const [name = "", given, ...more] = second.split("@");
  // The Hub's rule for names of users and repositories.
  if (![owner, name].every((part) => /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,95}$/.test(part))) refuse("names no owner/name");
  const revision = decode(given ?? defaultRevision) ?? refuse("has an escape (%) that stands for no character");
  if (more.length > 0 || !/^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,254}$/.test(revision)) refuse("has no valid revision after @");
  const path = rest.join("/").replace(/\/+$/, "");
  if (path.split("/").some((part) => part === "." || part === "..")) refuse('has a part "." or ".." in its path');
  return { repository: `${owner}/${name}`, revision, path };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
