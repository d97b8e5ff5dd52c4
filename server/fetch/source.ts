import type { Credentials } from "./credentials.ts";
import type { ProxySettings } from "./http/proxy.ts";
import type { FetchLimits } from "./limits.ts";
import type { ModelDirectory } from "./model-directory.ts";
import type { FetchLog } from "./log.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SourceRequest {
  readonly uri: string;
  readonly directory: ModelDirectory;
  readonly limits: FetchLimits;
  /** Aborted when the time for the whole fetch is over, or when the pod is told to stop. */
  readonly signal: AbortSignal;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Called with every piece of the model that arrives; negative for what has to come once more. */
  readonly onBytes: (bytes: number) => void;
  /** Called with the size of all that is to come, as soon as it is known. */
  readonly onTotal: (bytes: number) => void;
  readonly log: FetchLog;
  /**
   * Throws the failure that says which rule a digest breaks. A source calls it as soon as it knows the digest, before it
   * downloads anything where that is possible.
   */
  readonly checkDigest: (digest: string) => void;
  /** The Secret of the source. */
  readonly credentials: Credentials;
  /** Variables that the platform puts into a pod to say who it is (`AWS_…`), or that name an endpoint. */
  readonly environment: Environment;
  /** Where the claim of a `pvc://` uri is mounted. */
  readonly claimDirectory: string;
  /** By which hosts are reached. */
  readonly proxies: ProxySettings;
  readonly plainHttpHosts: readonly string[];
  readonly certificateAuthority: string | undefined;
  /** OCI name of the processor architecture: `amd64`, `arm64`. */
  readonly architecture: string;
}

/** Fills the model directory from one kind of uri and returns the digest. Throws failures only for what it foresees. */
export type Source = (request: SourceRequest) => Promise<string>;
