import type { LookupFunction } from "node:net";
import { getCACertificates, type ConnectionOptions } from "node:tls";
import { buildConnector } from "undici";
import { errorCode } from "../failure.ts";

export interface ConnectOptions {
  /** PEM, trusted beside the system's certificates. */
  readonly certificateAuthority: string | undefined;
  /** For the whole: the name, every address of it, and TLS. */
  readonly connectMilliseconds: number;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Of names, in place of the system's. */
  readonly lookup?: LookupFunction;
  /** A proxy, and not the host itself. */
  readonly isToProxy?: boolean;
  /** What else TLS is spoken with: a client's certificate. */
  readonly tls?: Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  /** HTTP/2 is not offered: what is to be upgraded cannot be spoken over it. */
  readonly isHttp1?: boolean | undefined;
}

/** A connection that did not come about. `cause` is Node.js' own error, and `code` the code of it. */
export interface ConnectError extends Error {
  readonly code: string;
  /** It was to be one to a proxy, and not to the host itself. */
  readonly isToProxy: boolean;
  /** That passed until it was given up. */
  readonly milliseconds: number;
  /** Empty when no address was told: the name has none, or the time was over while one was waited for. */
  readonly attempts: readonly ConnectAttempt[];
}

export interface ConnectAttempt {
  readonly address: string;
  readonly code: string;
}

/**
 * For one address of a name, as long as another one is left. Node.js gives each 250 ms by default and does not come back
 * to it, which a slow network never keeps. A lost SYN is sent again after 1, 3 and 7 s.
 */
const addressMilliseconds = 10_000;

/** Opens connections for undici, and says of each that fails who was tried and how long it took. */
export function createConnector(options: ConnectOptions): buildConnector.connector {
  const { certificateAuthority, connectMilliseconds, now, lookup, tls, isHttp1 = false, isToProxy = false } = options;
  const connect = buildConnector({
    timeout: connectMilliseconds,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.min(addressMilliseconds, Math.ceil(connectMilliseconds / 2)),
    ...(lookup === undefined ? {} : { lookup }),
    ...trusted(certificateAuthority),
    ...tls,
    ...(isHttp1 ? { allowH2: false } : {}),
  });
  return (target, callback) => {
    const began = now();
    connect(target, (...[error, socket]) => {
      if (error === null) callback(null, socket);
      else callback(connectError(error, isToProxy, now() - began), null);
    });
  };
}

/** What Node.js is to trust; the system's certificates alone when no other is given. */
export function trusted(certificateAuthority: string | undefined): { readonly ca?: string[] } {
  if (certificateAuthority === undefined) return {};
  return { ca: [...getCACertificates("default"), ...getCACertificates("system"), certificateAuthority] };
}

/** The failed connection behind an error, which undici may have wrapped; undefined when it is about something else. */
export function connectErrorOf(error: unknown): ConnectError | undefined {
  if (!(error instanceof Error)) return undefined;
  return isConnectError(error) ? error : connectErrorOf(error.cause);
}

function isConnectError(error: Error): error is ConnectError {
  return "attempts" in error && "milliseconds" in error;
}

function connectError(error: Error, isToProxy: boolean, milliseconds: number): ConnectError {
  const connecting = { code: errorCode(error), isToProxy, milliseconds, attempts: attemptsOf(error) };
  return Object.assign(new Error("no connection", { cause: error }), connecting);
}

function attemptsOf(error: Error): ConnectAttempt[] {
  const together = [error, error.cause].find((one) => one instanceof AggregateError);
  const failed: readonly unknown[] = together?.errors ?? [error];
  return failed.flatMap((one) =>
    one instanceof Error && "address" in one && typeof one.address === "string"
      ? [{ address: one.address, code: errorCode(one) }]
      : [],
  );
}
