import type { AddressInfo, Server } from "node:net";

export function listen(server: Server, port: number, address: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

export interface ListenError extends Error {
  readonly code: string;
  readonly port: number;
}

/** Whether {@link listen} failed: the port is taken, reserved or on no address of this machine. */
export function isListenError(error: unknown): error is ListenError {
  return error instanceof Error && "syscall" in error && error.syscall === "listen" && "port" in error;
}
