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
}

export function parseError({ status, headers, host }: Answer, xml: string): S3Error {
  const code = textOf(xml, "Code") ?? "";
  const header = headers["x-amz-bucket-region"];
  return {
    status,
    headers,
    host,
    code: /^\w{1,64}$/.test(code) ? code : "",
    region: typeof header === "string" ? header : textOf(xml, "Region"),
  };
}

/** The bucket lies in another region, or the answer redirects for whatever reason: no redirect is followed blindly. */
export function isOtherRegion({ status, code }: S3Error): boolean {
  return (status >= 300 && status < 400) || code === "AuthorizationHeaderMalformed";
}

/** Temporary credentials that were good once. */
export function isExpired({ code }: S3Error): boolean {
  return ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].includes(code);
}

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
  if (code === "RequestTimeTooSkewed") {
    return failure("SourceUnavailable", `${host} says that the clock of the node is wrong (${code}). Correct it.`);
  }
  return statusFailure({
    status,
    headers,
    host: `${host}${code === "" ? "" : ` (${code})`}`,
    what: shown,
    whenMissing: "Check bucket and key in the uri; that of a folder ends with /.",
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
