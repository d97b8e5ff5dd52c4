import { isIP } from "node:net";
import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";
import type { AddressingStyle, Endpoint } from "./address.ts";

type Where = Pick<Endpoint, "custom">;

/**
 * The style of the first request. Where it is left open, AWS is asked at the bucket's own host, unless the bucket's name
 * has a dot, which leaves the wildcard certificate behind; any other server in the path, which most of them understand.
 */
export function firstStyle({ custom, addressing }: Endpoint, bucket: string): AddressingStyle {
  if (addressing === "virtual" && !canHaveHost({ custom }, bucket)) {
    throw failure("InvalidConfiguration", `AWS_S3_ADDRESSING_STYLE is virtual, but ${whyNoHost({ custom }, bucket)}.`);
  }
  if (addressing !== "auto") return addressing;
  return custom === undefined && isHostName(bucket) && !bucket.includes(".") ? "virtual" : "path";
}

/**
 * Whether a bucket can have a host of its own below that of the endpoint. An IP address has no names below it, and a
 * bucket's name may hold what no host's does: in upper case it would become the name of another bucket.
 */
export function canHaveHost({ custom }: Where, bucket: string): boolean {
  return isHostName(bucket) && (custom === undefined || !isAddress(custom));
}

/** Why {@link canHaveHost} is false, for a message. */
export function whyNoHost({ custom }: Where, bucket: string): string {
  return custom !== undefined && isAddress(custom)
    ? `AWS_ENDPOINT_URL names the address ${custom.hostname}, which cannot have the bucket before it: name a host there`
    : `the bucket ${quote(bucket)} cannot be part of a host's name`;
}

/**
 * Who may be spoken to without TLS, with the bucket's own host beside that of the endpoint: whoever named the one meant
 * the store, all of whose buckets lie below it.
 */
export function withBucketHost(plainHttpHosts: readonly string[], { custom }: Where, bucket: string): string[] {
  const named = plainHttpHosts.filter((host) => host === custom?.host || host === `${custom?.host}:80`);
  return [...plainHttpHosts, ...named.map((host) => `${bucket}.${host}`)];
}

/** RFC 1123 in lower case, as AWS has buckets' names: labels of letters, digits and hyphens. */
function isHostName(bucket: string): boolean {
  return bucket.split(".").every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
}

function isAddress({ hostname }: URL): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}
