import { showBytes } from "../text/amounts.ts";
import type { Style } from "../text/style.ts";
import { tableLines } from "../text/table.ts";

/** What a push has left in the registry. */
export interface Pushed {
  readonly uri: string;
  readonly tag: string;
  /** Of the manifest: what `spec.versions[].digest` takes. */
  readonly digest: string;
  /** What the tag named before, when that was something else. */
  readonly replaced: string | undefined;
  readonly files: readonly {
    readonly name: string;
    readonly digest: string;
    readonly size: number;
    /** The repository had it already, so that nothing was sent. */
    readonly wasThere: boolean;
  }[];
}

export function pushedText(pushed: Pushed, style: Style): string {
  const { tag, digest, replaced, files } = pushed;
  const rows = files.map((file) => [file.name, showBytes(file.size), file.wasThere ? "was there" : "pushed"]);
  const warning =
    replaced === undefined
      ? []
      : [
          style.warning(`The tag ${tag} named ${replaced} before.`),
          "A version that was first resolved to that goes on with it, and refuses the new bytes (VersionReused): give them a new version name.",
          "",
        ];
  const lines = [
    ...tableLines(["FILE", "SIZE", ""], rows, style),
    "",
    `digest  ${style.strong(digest)}`,
    "",
    ...warning,
    "For spec.versions of a ModelDeployment:",
    versionEntry(pushed),
  ];
  return `${lines.join("\n")}\n`;
}

/** With the digest, so that the entry is bound to these bytes from the start. */
export function versionEntry({ uri, tag, digest }: Pushed): string {
  return [`- name: ${JSON.stringify(versionName(tag))}`, `  uri: ${uri}`, `  digest: ${digest}`]
    .map((line) => `    ${line}`)
    .join("\n");
}

/** A tag may begin and end with more characters, and be longer, than a version's name. */
export function versionName(tag: string): string {
  const name = tag
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+/, "")
    .replace(/[^A-Za-z0-9]+$/, "");
  return name === "" ? "v1" : name;
}

export function pushedJson(pushed: Pushed): string {
  const { uri, digest, replaced, files } = pushed;
  const version = { name: versionName(pushed.tag), uri, digest };
  return `${JSON.stringify({ uri, digest, replaced: replaced ?? null, version, files }, null, 2)}\n`;
}
