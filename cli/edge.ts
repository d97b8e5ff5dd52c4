/** What `main.ts` takes from the process, so that a test can run every command without one. */
export interface Edge {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Standard input, read at most once. */
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: Terminal;
  /** Standard error: progress, warnings, errors. */
  readonly messages: Terminal;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly interrupted: AbortSignal;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly newRequestId: () => string;
  /** Of this process. */
  readonly pid: number;
  readonly availableCores: number;
  /** Resident memory, bytes. */
  readonly memoryBytes: () => number;
  /** Aborted by the second one, right before the process ends. */
  readonly abandoned: AbortSignal;
  /** Started as a worker thread, it runs the engine's worker; with `shard` as its argument, a process of the server. */
  readonly script: URL;
  /** Folder of package.json, with a slash at its end: the CRD lies below it. */
  readonly packageRoot: URL;
}

/** Where text goes. */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Width; 80 when it is no terminal. */
  readonly columns: number;
}
