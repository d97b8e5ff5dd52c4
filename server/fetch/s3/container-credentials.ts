import { failure } from "../failure.ts";
import { discard, readJson } from "../http/body.ts";
import { createHttpClient } from "../http/client.ts";
import { endpointUrl } from "../http/endpoint.ts";
import { isRecord } from "../model/is-record.ts";
import { smallAnswerBytes } from "../limits.ts";
import { type AwsCredentials, type Identity, readTokenFile } from "./aws-credentials.ts";

/**
 * Where agents of a node hand out credentials without TLS: ECS' and EKS Pod Identity's link-local addresses, and loopback
 * (AWS SDKs and Tools Reference Guide, "Container credential provider").
 */
const agentHosts: readonly string[] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/** Asks the agent that `AWS_CONTAINER_CREDENTIALS_FULL_URI` names for temporary credentials. */
export async function containerCredentials({ environment, http }: Identity): Promise<AwsCredentials> {
  const name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const url = endpointUrl(name, environment[name] ?? "");
  const loopback = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname) ? [url.host] : [];
  const client = createHttpClient({ ...http, plainHttpHosts: [...agentHosts, ...loopback, ...http.plainHttpHosts] });
  const tokenFile = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  try {
    const answer = await client.send({
      url: url.href,
      followRedirects: false,
      authorization: tokenFile
        ? await readTokenFile("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", tokenFile)
        : environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
    });
    if (answer.status === 429 || answer.status >= 500) {
      await discard(answer.body);
      throw failure("SourceUnavailable", `The agent at ${url.host} answered with status ${answer.status}.`, {});
    }
    const found = credentialsOf(await readJson(answer, smallAnswerBytes, `The answer of ${url.host}`, http.limits));
    if (answer.status === 200 && found !== undefined) return found;
    throw failure(
      "Unauthorized",
      `The agent at ${url.host} gives the pod no credentials (status ${answer.status}). Check the association of source.serviceAccountName with a role.`,
    );
  } finally {
    await client.close();
  }
}

function credentialsOf(answer: unknown): AwsCredentials | undefined {
  if (!isRecord(answer)) return undefined;
  const { AccessKeyId, SecretAccessKey, Token } = answer;
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") return undefined;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: typeof Token === "string" ? Token : undefined,
  };
}
