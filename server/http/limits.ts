/** Bounds on what one connection may cost. Seconds are seconds in which the process was awake: see http-server.ts. */
export interface HttpLimits {
  /** Request line and headers, as Node's parser counts them. */
  readonly headerBytes: number;
  /** From the first byte of a head to its last. */
  readonly headSeconds: number;
  /** For a body of at most one window's bytes. */
  readonly bodySeconds: number;
  /** A larger body, or an answer, must move `paceSeconds × paceBytesPerSecond` bytes in each window of `paceSeconds`. */
  readonly paceSeconds: number;
  readonly paceBytesPerSecond: number;
  /** Without a request. */
  readonly idleSeconds: number;
  /** What a client may still send after the last answer, and how long its connection is kept for it to read that answer. */
  readonly lingerBytes: number;
  readonly lingerSeconds: number;
  /** How often the limits of time are looked at. */
  readonly sweepMilliseconds: number;
  /** Of memory kept for the next large bodies. */
  readonly pooledBytes: number;
}

export const defaultLimits: HttpLimits = {
  // Node's own default; prediction requests carry few headers.
  headerBytes: 16 * 1024,
  headSeconds: 15,
  bodySeconds: 60,
  // A mobile link of the third generation does 16 KiB/s; five seconds bridge a lost packet and its repetition.
  paceSeconds: 5,
  paceBytesPerSecond: 16 * 1024,
  // Longer than clients and proxies keep a connection: the side that closes an idle one may lose a request on its way,
  // so that side must be the client.
  idleSeconds: 3600,
  lingerBytes: 1024 * 1024,
  lingerSeconds: 1,
  // 10,000 connections are looked at in less than a millisecond.
  sweepMilliseconds: 250,
  // A few pictures' worth: what it saves are the page faults of a fresh buffer, 0.15 ms for 600 KB.
  pooledBytes: 16 * 1024 * 1024,
};
