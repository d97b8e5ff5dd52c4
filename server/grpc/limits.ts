/** What one client may hold of the server. Times are in seconds, sizes in bytes. */
export interface GrpcLimits {
  /** From accepting a connection to the answer to our SETTINGS: a client of HTTP/2 gives it at once. */
  readonly prefaceSeconds: number;
  /**
   * From the head of a call to the end of its message; with streamed requests, of each one. No message may take longer,
   * however large it is: with it and the size bound, a full one needs about 1 MiB/s.
   */
  readonly messageSeconds: number;
  /**
   * A message that is still incomplete after this must have come at `bytesPerSecond` since: one client with a thousand
   * dripping calls would otherwise hold the memory of a thousand messages for `messageSeconds`. An answer has the same
   * time, and what its size needs at that rate, to be taken by the client.
   */
  readonly graceSeconds: number;
  readonly bytesPerSecond: number;
  /** From a ping to its answer, which waits behind what the client is sending. */
  readonly pingSeconds: number;
  /** Calls under way on one connection; a client's library lets further ones wait. */
  readonly concurrentStreams: number;
  /** Names, values and 32 for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts. Node's bound for HTTP/1.1 is the same. */
  readonly headerListBytes: number;
  readonly headerFields: number;
  /**
   * Windows: what a client may send before it hears that it was read. A message of 600 KB in one go needs a stream's of
   * more than that. What lies in them is not kept by us: it is copied into reserved memory, or dropped, as it comes.
   */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Larger frames than the 16 KiB that clients send unasked cost less each; beyond a few of them there is no gain. */
  readonly frameBytes: number;
  /**
   * Calls that a client may break off: so many at once, then so many a second. Each costs us a stream and it nothing
   * ("rapid reset", CVE-2023-44487); a client whose deadlines run out stays far below.
   */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  /** Empty DATA frames and other frames that nobody needs, over the life of a connection. */
  readonly invalidFrames: number;
  /** Calls beyond `concurrentStreams`, over the life of a connection: a library that reads SETTINGS sends none. */
  readonly rejectedStreams: number;
  /** Of memory kept for the next large messages, while there are connections. */
  readonly pooledBytes: number;
  /** One message of health or reflection. */
  readonly smallMessageBytes: number;
}

export const grpcLimits: GrpcLimits = {
  prefaceSeconds: 15,
  messageSeconds: 60,
  graceSeconds: 5,
  bytesPerSecond: 16 * 1024,
  pingSeconds: 20,
  concurrentStreams: 100,
  headerListBytes: 16 * 1024,
  headerFields: 100,
  streamWindowBytes: 4 * 1024 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
  frameBytes: 256 * 1024,
  resetBurst: 200,
  resetsPerSecond: 33,
  invalidFrames: 100,
  rejectedStreams: 100,
  pooledBytes: 16 * 1024 * 1024,
  smallMessageBytes: 16 * 1024,
};
