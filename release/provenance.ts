/** Names that docs/how-to/verify.md explains. Nothing has to be found at them. */
export const buildType = "https://slipway.dev/release/local/v1";
const builder = "https://slipway.dev/release/local";

/** A file or a revision that a build was made of. */
export interface Source {
  /** Hash of the commit. */
  readonly commit: string;
  /** Where it can be had, where that is an address others can reach. */
  readonly uri: string | undefined;
  /** Files were different from those of the commit, or not in it. */
  readonly uncommitted: boolean;
}

export interface Build {
  readonly half: "operator" | "server";
  /** Without tag and digest. */
  readonly repository: string;
  /** sha256:HEX */
  readonly digest: string;
  readonly version: string;
  /** As image platforms are written: linux/amd64. */
  readonly platform: string;
  readonly source: Source;
  readonly lockSha256: string;
  /** The base image, by its name on the building machine, with the digest that it has there. */
  readonly base: { readonly name: string; readonly digest: string };
  /** Versions of the programs that built it. */
  readonly tools: Readonly<Record<string, string>>;
  readonly invocation: string;
  readonly started: Date;
  readonly finished: Date;
}

interface ResourceDescriptor {
  readonly name: string;
  readonly uri?: string;
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

export interface Statement {
  readonly _type: string;
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: string;
  readonly predicate: {
    readonly buildDefinition: {
      readonly buildType: string;
      readonly externalParameters: Readonly<Record<string, string>>;
      readonly internalParameters: Readonly<Record<string, string>>;
      readonly resolvedDependencies: readonly ResourceDescriptor[];
    };
    readonly runDetails: {
      readonly builder: { readonly id: string; readonly version: Readonly<Record<string, string>> };
      readonly metadata: { readonly invocationId: string; readonly startedOn: string; readonly finishedOn: string };
    };
  };
}

/**
 * What the machine that made an image says about how: an in-toto statement with SLSA's provenance as its predicate. The
 * machine is the maintainer's own, so it proves no more than the signature on it does, and claims no level of SLSA.
 */
export function provenance(build: Build): Statement {
  const { source, base } = build;
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: build.repository, digest: digestSet(build.digest) }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: { image: build.half, repository: build.repository, version: build.version },
        internalParameters: { platform: build.platform },
        resolvedDependencies: [
          {
            name: "source",
            ...(source.uri === undefined ? {} : { uri: source.uri }),
            digest: { gitCommit: source.commit },
            ...(source.uncommitted ? { annotations: { uncommittedChanges: true } } : {}),
          },
          { name: "package-lock.json", digest: { sha256: build.lockSha256 } },
          { name: base.name, digest: digestSet(base.digest) },
        ],
      },
      runDetails: {
        builder: { id: builder, version: build.tools },
        metadata: {
          invocationId: build.invocation,
          startedOn: secondsOf(build.started),
          finishedOn: secondsOf(build.finished),
        },
      },
    },
  };
}

function digestSet(digest: string): Readonly<Record<string, string>> {
  const [algorithm = "", hex = ""] = digest.split(":");
  return { [algorithm]: hex };
}

/** As RFC 3339 has it, without the fractions of which SLSA does not speak. */
function secondsOf(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Where others find the source: a remote of git as SPDX writes it, and nothing where it is a folder of this machine. */
export function sourceUri(remote: string, commit: string): string | undefined {
  const scpLike = /^(?:[^@/:]+@)?([^/:]+\.[^/:]+):(?!\/)(.+)$/.exec(remote);
  const url = URL.parse(scpLike === null ? remote : `ssh://${scpLike[1]}/${scpLike[2]}`);
  if (url === null || !["https:", "ssh:", "git:"].includes(url.protocol)) return undefined;
  // A token that somebody has put there is nobody else's business.
  url.username = "";
  url.password = "";
  return `git+${url.href}@${commit}`;
}
