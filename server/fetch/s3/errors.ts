import { quote } from "../configuration.ts";
import { type Failure, failure } from "../failure.ts";
import type { Answer } from "../http/client.ts";
import { statusFailure } from "../http/errors.ts";
import { textOf } from "./xml.ts";

/** An error answer of S3 (Amazon S3 API Reference, "Error responses"). */
export interface S3Error extends Pick<Answer, "status" | "headers" | "host"> {
  /** `NoSuchKey`; empty when the answer names none. */
  readonly code: string;
  /** Where the bucket lies, if the answer says so. */
  readonly region: string | undefined;
  /** Host at which to ask instead, if the answer says so. */
  readonly endpoint: string | undefined;
}

export function parseError({ status, headers, host }: Answer, xml: string): S3Error {
  const code = textOf(xml, "Code") ?? "";
  const header = headers["x-amz-bucket-region"];
  return {
    status,
    headers,
    host,
    code: /^\w[\w.-]{0,63}$/.test(code) ? code : "",
    region: typeof header === "string" ? header : textOf(xml, "Region"),
    endpoint: textOf(xml, "Endpoint"),
  };
}

/**
 * What stores say that take a bucket in the host's name alone: Alibaba Cloud OSS, Tencent COS, Huawei OBS, Volcengine
 * TOS, in this order.
 */
const virtualOnly: readonly string[] = [
  "SecondLevelDomainForbidden",
  "PathStyleDomainForbidden",
  "VirtualHostDomainRequired",
  "InvalidPathAccess",
];

/** The bucket is to be asked for at its own host, whose name would be `bucketHost`. */
export function wantsVirtualStyle({ code, endpoint }: S3Error, bucketHost: string | undefined): boolean {
  return virtualOnly.includes(code) || (endpoint !== undefined && endpoint === bucketHost);
}

/** The bucket lies in another region, or the answer redirects for whatever reason: no redirect is followed blindly. */
export function isOtherRegion({ status, code }: S3Error): boolean {
  return (status >= 300 && status < 400) || code === "AuthorizationHeaderMalformed";
}

/** Temporary credentials that were good once. */
export function isExpired({ code }: S3Error): boolean {
  return ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].includes(code);
}

/** What 403 means when it is about who asks; any other code is the store's own matter, which no key opens. */
const accessCodes: readonly string[] = [
  "",
  "AccessDenied",
  "AccessDeniedException",
  "AccessForbidden",
  "AccountProblem",
  "AllAccessDisabled",
  "AuthFailure",
  "Forbidden",
  "InvalidSecurity",
  "InvalidSignature",
  "MissingAuthenticationToken",
  "NotSignedUp",
  "SignatureDoesNotMatch",
  "Unauthorized",
  "UnauthorizedAccess",
];

/** Keys that nobody has; the last is what versitygw says. */
const unknownIdentity: readonly string[] = ["InvalidAccessKeyId", "InvalidToken", "XAdminUserNotFound"];

export function errorFailure(error: S3Error, what: string, signed: boolean): Failure {
  const { status, headers, host, code } = error;
  const shown = quote(what);
  const told = code === "" ? "" : `, ${code}`;
  if (isExpired(error)) {
    return failure(
      "Unauthorized",
      `${host} refuses ${shown}: the session token of the credentials has expired (status ${status}${told}). Renew AWS_SESSION_TOKEN and its keys in the source's Secret.`,
    );
  }
  if (unknownIdentity.includes(code)) {
    return failure(
      "Unauthorized",
      `${host} does not know the credentials for ${shown} (status ${status}${told}). Check the keys of the source's Secret and AWS_ENDPOINT_URL.`,
    );
  }
  if (code === "InvalidObjectState") {
    return failure("SourceUnavailable", `${host} keeps ${shown} in an archive (${code}). Restore it first.`);
  }
  if (code === "RequestTimeTooSkewed") {
    return failure("SourceUnavailable", `${host} says that the clock of the node is wrong (${code}). Correct it.`);
  }
  if (status === 403 && !accessCodes.includes(code)) {
    return failure(
      "SourceUnavailable",
      `${host} refuses ${shown} with ${code} (status ${status}). What that means is in the store's documentation.`,
    );
  }
  return statusFailure({
    status,
    headers,
    host: `${host}${code === "" ? "" : ` (${code})`}`,
    // A signed request follows no redirect.
    redirectedBy: undefined,
    what: shown,
    whenMissing:
      code === "NoSuchBucket"
        ? "Check the bucket in the uri, and AWS_ENDPOINT_URL; AWS_S3_ADDRESSING_STYLE says whether the bucket belongs into the path or the host's name."
        : "Check bucket and key in the uri; that of a folder ends with /.",
    ...(signed
      ? {
          refused: `${host} refuses ${shown} to the credentials of the source${told}`,
          whenRefused:
            "Check them, and that they may read the object (s3:GetObject) and list a folder (s3:ListBucket).",
        }
      : {
          refused: `${host} refuses ${shown} to anybody without credentials${told}`,
          whenRefused:
            "Name a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in source.secretRef, or a source.serviceAccountName with a role.",
        }),
  });
}
