import { timing } from "../contract.ts";

/** Every bound of the fetch step, so that a hostile or broken source costs a known amount of time, disk and memory. */
export interface FetchLimits {
  /** From start to report. */
  readonly totalMilliseconds: number;
  /** Without one byte from the other side: a connection, an answer's header, or the next piece of a body. */
  readonly idleMilliseconds: number;
  /** Less than this on average over `idleMilliseconds`, and the connection is given up as if it were silent. */
  readonly minimumBytesPerSecond: number;
  /**
   * From the start of the step on, while no byte of the model has come: then the step ends with its report. Until then
   * nobody outside of the pod can tell it from a start; after it, status tells why, and the kubelet tries again.
   */
  readonly fruitlessMilliseconds: number;
  /** The same for a wait that the other side asks for: it ends then, whatever was asked, with one more attempt. */
  readonly fruitlessWaitMilliseconds: number;
  /** For a question that the model can do without: whether what its reference names has moved. */
  readonly asideMilliseconds: number;
  /** Waits between attempts; their number bounds the attempts in a row that brought nothing. */
  readonly retryDelaysMilliseconds: readonly number[];
  /** Longest wait that a `Retry-After` of the other side may ask for. */
  readonly longestRetryAfterMilliseconds: number;
  /** All files of the model together, unpacked. */
  readonly totalBytes: number;
  readonly files: number;
  /** Of all layers of an image together, whiteouts and folders included. */
  readonly imageEntries: number;
  /** An archive may always unpack to this much, */
  readonly inflationAllowanceBytes: number;
  /** and beyond it to this many times its own size. */
  readonly inflationRatio: number;
}

export const defaultLimits: FetchLimits = {
  totalMilliseconds: timing.fetchSeconds * 1000,
  // Registries that fetch from cold storage first were seen to take half a minute for the first byte; and a source that
  // says nothing at all has to be told within a minute.
  idleMilliseconds: 45_000,
  // The slowest that brings a model of tens of megabytes within the hour.
  minimumBytesPerSecond: 10 * 1024,
  // A registry that is only switched over is back by then; one that restarts meets the kubelet's next attempt, 10 s later.
  fruitlessMilliseconds: 20_000,
  // Registries that count requests ask for some tens of seconds. The attempt after it is answered at once as a rule, and
  // a refusal is in status within a minute of the start; sooner, the kubelet's next attempt would only be counted, too.
  fruitlessWaitMilliseconds: 30_000,
  // Many times what a source takes for a small answer, and little beside a download: pods wait for it.
  asideMilliseconds: 5_000,
  // A registry that restarts is back within half a minute.
  retryDelaysMilliseconds: [500, 1_000, 2_000, 4_000, 8_000, 16_000],
  longestRetryAfterMilliseconds: 60_000,
  // More than ONNX Runtime can serve from one node's memory in practice, and less than a node's disk.
  totalBytes: 64 * 1024 ** 3,
  // A model with every weight in a file of its own has some hundreds.
  files: 10_000,
  // The largest images, of Python with CUDA, have some 200,000 files; of each a few hundred bytes are kept in memory.
  imageEntries: 500_000,
  inflationAllowanceBytes: 256 * 1024 ** 2,
  // Weights hardly compress, and the most that deflate can reach is 1032; sparse models were seen at some tens.
  inflationRatio: 100,
};

/** OCI distribution-spec 1.1, "Pushing Manifests": registries may refuse more than this, so nobody relies on more. */
export const manifestBytes = 4 * 1024 ** 2;

/** A token or an error is some fields, a signed JSON web token among them; those of large providers stay under 8 KiB. */
export const smallAnswerBytes = 64 * 1024;

/** S3 lists 1000 keys of 1 KiB at most at a time; the Hub lists a whole repository, its largest tens of thousands. */
export const listingBytes = 16 * 1024 ** 2;

/**
 * Files up to which the Hub's answer about a revision counts as the whole of it. Larger repositories were seen to get only
 * some of their names there, from about seven thousand on, without a word of it. A page of a tree has as many.
 */
export const trustedSiblings = 1000;

/** Pages of a tree on the Hub: of a thousand entries each, many times the files that a model may have. */
export const treePages = 100;

/** Keys of a folder for each file that is allowed: consoles make one for each sub-folder, which has a file at least. */
export const keysPerFile = 2;

/** Pages in a row without a key: servers skip keys that were deleted, a page of a thousand at a time. */
export const emptyPages = 100;

/** A user name, a password, a token or a Docker configuration; a whole Secret may have 1 MiB. */
export const credentialBytes = 256 * 1024;

/** Registry to blob storage is one redirect; a chain of content networks adds one or two. */
export const redirects = 5;

/** File systems end a name at 255 bytes; the path bound keeps the sum with the model directory under PATH_MAX. */
export const nameBytes = 255;
export const pathBytes = 1024;

/** Largest message that protobuf, and so ONNX Runtime, can read; larger models keep weights as external data. */
export const modelFileBytes = 2 ** 31 - 1;

/** The largest known models have under two million fields outside their weights. */
export const modelFields = 20_000_000;

/** protobuf's own bound for nested messages. */
export const modelDepth = 100;

/** Names of all entries of an image: four times what the largest image has, of 200,000 files with 80 bytes each. */
export const imageNameBytes = 64 * 1024 ** 2;

/** A name in a model; the longest seen in exported graphs are some hundreds of bytes. */
export const modelNameBytes = 64 * 1024;

/** A name, or the fields of pax, of one entry of a tar: a map of a sparse file with 200,000 pieces takes as much. */
export const tarFieldBytes = 4 * 1024 ** 2;
