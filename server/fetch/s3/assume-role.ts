import { readBytes } from "../http/body.ts";
import { createHttpClient } from "../http/client.ts";
import { failure } from "../failure.ts";
import { endpointUrl } from "../http/endpoint.ts";
import { smallAnswerBytes } from "../limits.ts";
import { type AwsCredentials, type Identity, readTokenFile } from "./aws-credentials.ts";
import { textOf } from "./xml.ts";

/**
 * Exchanges the token of a service account for temporary credentials of its role (STS `AssumeRoleWithWebIdentity`, API
 * version 2011-06-15), at `AWS_ENDPOINT_URL_STS`, else `AWS_ENDPOINT_URL`, else AWS' own of the region: as the SDKs do.
 */
export async function assumeRole({ environment, region, http }: Identity): Promise<AwsCredentials> {
  const role = environment["AWS_ROLE_ARN"] ?? "";
  const token = await readTokenFile("AWS_WEB_IDENTITY_TOKEN_FILE", environment["AWS_WEB_IDENTITY_TOKEN_FILE"] ?? "");
  const suffix = region.startsWith("cn-") ? ".cn" : "";
  const name = environment["AWS_ENDPOINT_URL_STS"] ? "AWS_ENDPOINT_URL_STS" : "AWS_ENDPOINT_URL";
  const url = endpointUrl(name, environment[name] || `https://sts.${region}.amazonaws.com${suffix}/`);
  const client = createHttpClient(http);
  try {
    const answer = await client.send({
      url: url.href,
      form: new URLSearchParams({
        Action: "AssumeRoleWithWebIdentity",
        Version: "2011-06-15",
        RoleArn: role,
        RoleSessionName: environment["AWS_ROLE_SESSION_NAME"] || "slipway",
        WebIdentityToken: token,
      }),
    });
    const xml = (await readBytes(answer, smallAnswerBytes, `The answer of ${url.host}`, http.limits)).toString("utf8");
    const [accessKeyId, secretAccessKey, sessionToken] = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(
      (field) => textOf(xml, field),
    );
    if (answer.status === 200 && accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
    const code = textOf(xml, "Code");
    const why = code !== undefined && /^\w{1,64}$/.test(code) ? code : "no credentials in the answer";
    if (answer.status === 429 || answer.status >= 500) {
      throw failure("SourceUnavailable", `${url.host} answered with status ${answer.status} (${why}).`, {});
    }
    throw failure(
      "Unauthorized",
      `${url.host} does not let the pod's service account take the role ${role} (status ${answer.status}, ${why}). Check the role's trust policy and source.serviceAccountName.`,
    );
  } finally {
    await client.close();
  }
}
