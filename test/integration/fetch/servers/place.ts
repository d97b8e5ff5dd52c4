import { freePort } from "./free-port.ts";

/** Where a server of a test listens. */
export interface Place {
  /** `address:port`. */
  readonly host: string;
  /** Command that the program is started through, to be in the network that has the address; empty for this one. */
  readonly enter: readonly string[];
}

export async function onLoopback(): Promise<Place> {
  return { host: `127.0.0.1:${await freePort()}`, enter: [] };
}
