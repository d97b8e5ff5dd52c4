import { failure } from "../failure.ts";
import { assumeRole } from "./assume-role.ts";
import type { AwsCredentials, Identity } from "./aws-credentials.ts";
import { containerCredentials } from "./container-credentials.ts";

/**
 * Who the download is, by the first of: the keys of the Secret; the role that a service account stands for
 * (`AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE`, as EKS puts them into a pod); credentials that an agent of the node
 * hands out (`AWS_CONTAINER_CREDENTIALS_FULL_URI`). Undefined is anonymous: public buckets need nobody.
 */
export async function identify(identity: Identity): Promise<AwsCredentials | undefined> {
  const { credentials, environment } = identity;
  const accessKeyId = await credentials.read("AWS_ACCESS_KEY_ID");
  const secretAccessKey = await credentials.read("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken: await credentials.read("AWS_SESSION_TOKEN") };
  }
  if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    throw failure(
      "InvalidConfiguration",
      "The source's Secret holds only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Add the other one.",
    );
  }
  if (environment["AWS_ROLE_ARN"] && environment["AWS_WEB_IDENTITY_TOKEN_FILE"]) return assumeRole(identity);
  if (environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) return containerCredentials(identity);
  return undefined;
}
