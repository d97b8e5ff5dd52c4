import type { Credentials } from "./credentials.ts";
import type { ProxySettings } from "../http/proxy.ts";
import type { FetchLimits } from "../limits.ts";
import type { ModelDirectory } from "../model/model-directory.ts";
import type { FetchLog } from "../log.ts";

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
  /** When the fetch began, by `now`, until `onBytes` is called for the first time; undefined from then on. */
  readonly fruitlessSince: () => number | undefined;
  /** Called with the size of all that is to come, as soon as it is known. */
  readonly onTotal: (bytes: number) => void;
  readonly log: FetchLog;
  /**
   * What the version stands for, by its record or by the user's demand; undefined at its first use. A source that can ask
   * for just these bytes does, wherever the uri leads by now.
   */
  readonly known: KnownBytes | undefined;
  /**
   * Throws the failure that says which rule a digest breaks. A source calls it as soon as it knows the digest, before it
   * downloads anything where that is possible. `gone` says why the known bytes themselves cannot be had any more.
   */
  readonly checkDigest: (digest: string, gone?: string) => void;
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

export interface KnownBytes {
  readonly digest: string;
  /** As {@link Fetched.pin} was recorded with that digest. */
  readonly pin: string | undefined;
}

/** What a source has filled the model directory with. */
export interface Fetched {
  readonly digest: string;
  /** Names these bytes at the source for good, where the digest cannot be asked for. */
  readonly pin?: string | undefined;
  /** For people: the uri leads to other bytes by now. */
  readonly warning?: string | undefined;
}

/** Fills the model directory from one kind of uri. Throws failures only for what it foresees. */
export type Source = (request: SourceRequest) => Promise<Fetched>;
