import type { Duplex } from "node:stream";
import type { Content, ServerAnswer } from "./exchange.ts";

/** One way to a model's server. */
export interface Server {
  /** For messages: `models/iris`, or the URL. */
  readonly shown: string;
  /** Sends to a path of the server; a content makes it a POST. */
  readonly ask: (path: string, content?: Content) => Promise<ServerAnswer>;
  /** A connection for HTTP/2, which is what gRPC goes by. */
  readonly connect: () => Promise<Duplex>;
  /** Reads an object of the cluster; undefined where there is no cluster behind it, or no right to read it. */
  readonly model: () => Promise<ServerAnswer | undefined>;
  readonly close: () => Promise<void>;
}
