import { environment as names, paths, pinCharacters } from "../contract.ts";
import { failure } from "./failure.ts";
import { type ProxySettings, readProxySettings } from "./http/proxy.ts";
import type { FetchLimits } from "./limits.ts";

export interface FetchConfiguration {
  readonly uri: string;
  /** Name of the version entry, for messages. */
  readonly version: string;
  /** What the user demands. */
  readonly digest: string | undefined;
  /** What this version name was first resolved to. */
  readonly recordedDigest: string | undefined;
  /** What names those bytes at the source. */
  readonly recordedPin: string | undefined;
  readonly proxies: ProxySettings;
  readonly plainHttpHosts: readonly string[];
  /** PEM, trusted beside the system's certificates. */
  readonly certificateAuthority: string | undefined;
  readonly modelDirectory: string;
  readonly credentialsDirectory: string;
  /** Name of the Secret that should be mounted there; undefined when the source names none. */
  readonly credentialsSecret: string | undefined;
  readonly claimDirectory: string;
  /** Bounds of the user's own, in place of the usual ones. */
  readonly limits: Partial<Pick<FetchLimits, "totalMilliseconds" | "totalBytes">>;
}

const pinPattern = new RegExp(`^[\\x21-\\x7e]{1,${pinCharacters}}$`);
/** Of a file, a folder, a manifest or a layer. */
export const digestPattern = /^sha256:[0-9a-f]{64}$/;
/** `host[:port]` by the grammar of registries: lower case, an address of IPv6 in brackets. */
export const hostPattern = /^(?:\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9.-]*)(?::[0-9]{1,5})?$/;
// As many as the CRD allows; more would only fill the report.
const uriCharacters = 8192;
// A timer of Node.js reaches 24.8 days; a week is more than any download.
const longestTimeoutSeconds = 7 * 24 * 3600;

/** Reads what `contract.ts` names. Fails with `InvalidConfiguration` that tells of all mistakes at once. */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): FetchConfiguration {
  const mistakes: string[] = [];
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;

  const uri = read(names.modelUri) ?? "";
  if (uri === "") mistakes.push(`${names.modelUri} is missing: set the uri of the model`);
  if (uri.length > uriCharacters) mistakes.push(`${names.modelUri} is longer than ${uriCharacters} characters`);

  const readDigest = (name: string): string | undefined => {
    const digest = read(name);
    if (digest !== undefined && !digestPattern.test(digest)) {
      mistakes.push(`${name} is ${quote(digest)}, not "sha256:" and 64 lower-case hex digits`);
    }
    return digest;
  };
  const digest = readDigest(names.modelDigest);
  const recordedDigest = readDigest(names.recordedDigest);

  const recordedPin = read(names.recordedPin);
  if (recordedPin !== undefined && !pinPattern.test(recordedPin)) {
    mistakes.push(`${names.recordedPin} is ${quote(recordedPin)}, not up to ${pinCharacters} printable characters`);
  }

  const plainHttpHosts = (read(names.plainHttpHosts) ?? "")
    .split(",")
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== "");
  for (const host of plainHttpHosts) {
    if (!hostPattern.test(host)) mistakes.push(`${names.plainHttpHosts} has ${quote(host)}, which is not host[:port]`);
  }

  const certificateAuthority = read(names.certificateAuthority);
  if (certificateAuthority !== undefined && !certificateAuthority.includes("-----BEGIN CERTIFICATE-----")) {
    mistakes.push(`${names.certificateAuthority} holds no PEM certificate ("-----BEGIN CERTIFICATE-----")`);
  }

  const readCount = (name: string, bound: number): number | undefined => {
    const text = read(name);
    if (text === undefined) return undefined;
    const count = /^\d{1,16}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= bound) return count;
    mistakes.push(`${name} is ${quote(text)}, not a whole number from 1 to ${bound}`);
    return undefined;
  };
  const timeoutSeconds = readCount(names.fetchTimeout, longestTimeoutSeconds);
  const sizeLimitBytes = readCount(names.fetchSizeLimit, Number.MAX_SAFE_INTEGER);

  const configuration: FetchConfiguration = {
    uri,
    version: read(names.modelVersion) ?? "",
    digest,
    recordedDigest,
    recordedPin,
    proxies: readProxySettings(environment),
    plainHttpHosts,
    certificateAuthority,
    modelDirectory: read(names.modelDirectory) ?? paths.modelDirectory,
    credentialsDirectory: read(names.credentialsDirectory) ?? paths.credentialsDirectory,
    credentialsSecret: read(names.credentialsSecret),
    claimDirectory: read(names.claimDirectory) ?? paths.claimDirectory,
    limits: {
      ...(timeoutSeconds === undefined ? {} : { totalMilliseconds: timeoutSeconds * 1000 }),
      ...(sizeLimitBytes === undefined ? {} : { totalBytes: sizeLimitBytes }),
    },
  };
  if (mistakes.length > 0) throw failure("InvalidConfiguration", `${mistakes.join("; ")}.`);
  return configuration;
}

/** A value of somebody else's for a message: in quotes, cut, without characters that break a line. */
export function quote(value: string): string {
  const shown = value.length > 200 ? `${value.slice(0, 200)}…` : value;
  return JSON.stringify(shown);
}
