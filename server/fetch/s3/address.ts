import { quote } from "../configuration.ts";
import type { Credentials } from "../sources/credentials.ts";
import { failure } from "../failure.ts";
import { endpointUrl } from "../http/endpoint.ts";
import type { Environment } from "../sources/source.ts";

/** An `s3://` uri in parts. */
export interface S3Address {
  readonly bucket: string;
  /** The object's key, or the prefix of a folder, which ends with `/`. Empty for the whole bucket. */
  readonly key: string;
  readonly versionId: string | undefined;
}

/** Where S3 is spoken. */
export interface Endpoint {
  /** Undefined for AWS itself, whose hosts follow from region and bucket. */
  readonly custom: URL | undefined;
  readonly region: string;
  readonly addressing: Addressing;
}

/** Where a bucket stands in a URL: in the path, or in the name of the host. The words are those of AWS' configuration. */
export type AddressingStyle = "path" | "virtual";

/** What is asked for: a style, or what {@link firstStyle} says and the store's answer corrects. */
export type Addressing = AddressingStyle | "auto";

/** AWS takes requests without a region as meant for its first one, and S3-compatible servers mostly use its name. */
const defaultRegion = "us-east-1";

/** What may become part of a host name. */
export const regionPattern = /^[a-z0-9-]{1,40}$/;

/** Parses `s3://bucket/key`, `s3://bucket/key?versionId=…` and `s3://bucket/prefix/`. A key is written as it is. */
export function parseS3Address(uri: string): S3Address {
  const refuse = (why: string): never => {
    throw failure("UnsupportedSource", `The uri ${quote(uri)} ${why}. Write s3://bucket/key, or s3://bucket/folder/.`);
  };
  const [, bucket = "", rest] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(uri) ?? [];
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/.test(bucket)) refuse("has no valid bucket");
  if (rest === undefined) refuse("has no key");
  const [, key = "", versionId] = /^(.*?)(?:\?versionId=([^?&]{1,1024}))?$/s.exec(rest ?? "") ?? [];
  if (key.split("/").some((part) => part === "." || part === "..")) refuse('has a part "." or ".." in its key');
  if (versionId !== undefined && isFolder(key)) refuse("names a version of a folder");
  return { bucket, key, versionId };
}

export function isFolder(key: string): boolean {
  return key === "" || key.endsWith("/");
}

/** Endpoint, region and addressing by the names of the AWS SDKs, out of the Secret or else the environment. */
export async function readEndpoint(credentials: Credentials, environment: Environment): Promise<Endpoint> {
  // What is set to nothing is not set.
  const url =
    (await credentials.read("AWS_ENDPOINT_URL")) ||
    environment["AWS_ENDPOINT_URL_S3"] ||
    environment["AWS_ENDPOINT_URL"] ||
    undefined;
  const region =
    (await credentials.read("AWS_REGION")) ||
    environment["AWS_REGION"] ||
    environment["AWS_DEFAULT_REGION"] ||
    defaultRegion;
  if (!regionPattern.test(region)) {
    throw failure("InvalidConfiguration", `AWS_REGION is ${quote(region)}, which is no region, such as eu-central-1.`);
  }
  const addressing =
    (await credentials.read("AWS_S3_ADDRESSING_STYLE")) || environment["AWS_S3_ADDRESSING_STYLE"] || "auto";
  if (addressing !== "path" && addressing !== "virtual" && addressing !== "auto") {
    throw failure(
      "InvalidConfiguration",
      `AWS_S3_ADDRESSING_STYLE is ${quote(addressing)}. Write path, virtual or auto.`,
    );
  }
  return { custom: url === undefined ? undefined : endpointUrl("AWS_ENDPOINT_URL", url), region, addressing };
}

/**
 * URL of an object, or of the bucket with an empty key. The host is the endpoint's, or in the virtual style a child of it:
 * no signature goes to a host that the endpoint does not name.
 */
export function s3Url(
  { custom, region }: Pick<Endpoint, "custom" | "region">,
  style: AddressingStyle,
  { bucket, key, query }: { readonly bucket: string; readonly key: string; readonly query: Query },
): string {
  const { protocol, host, pathname } =
    custom ?? new URL(`https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`);
  const base = `${protocol}//${style === "virtual" ? `${bucket}.` : ""}${host}${pathname.replace(/\/+$/, "")}`;
  const path = [...(style === "virtual" ? [] : [bucket]), ...key.split("/")].map(encode).join("/");
  const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `${base}/${path}${search.length === 0 ? "" : `?${search.join("&")}`}`;
}

export type Query = Readonly<Record<string, string>>;

/** RFC 3986's unreserved characters alone stay, as the signature counts them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
