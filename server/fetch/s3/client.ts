import { AwsV4Signer } from "aws4fetch";
import { failure } from "../failure.ts";
import { readBytes } from "../http/body.ts";
import { type Answer, createHttpClient, type HttpOptions } from "../http/client.ts";
import { smallAnswerBytes } from "../limits.ts";
import { type AddressingStyle, type Endpoint, type Query, regionPattern, s3Url } from "./address.ts";
import { canHaveHost, firstStyle, whyNoHost, withBucketHost } from "./addressing.ts";
import { errorFailure, isExpired, isOtherRegion, parseError, type S3Error, wantsVirtualStyle } from "./errors.ts";
import type { AwsCredentials } from "./aws-credentials.ts";

export interface S3Options {
  readonly http: HttpOptions;
  readonly endpoint: Endpoint;
  readonly bucket: string;
  /** Asked once, and again when what it gave has expired. */
  readonly identify: (region: string) => Promise<AwsCredentials | undefined>;
  readonly wallClock: () => Date;
}

export interface S3Request {
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: Query;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends this request alone. */
  readonly signal?: AbortSignal;
}

/** Reads from one bucket. Every method throws nothing but failures. */
export interface S3Client {
  /** One attempt, signed. Answers are 200, 206, 412 and 416; anything else is thrown as the failure it means. */
  get(request: S3Request): Promise<Answer>;
  close(): Promise<void>;
}

const answers: readonly number[] = [200, 206, 412, 416];

export function createS3Client({ http, endpoint, bucket, identify, wallClock }: S3Options): S3Client {
  const client = createHttpClient({ ...http, plainHttpHosts: withBucketHost(http.plainHttpHosts, endpoint, bucket) });
  const ownHost = endpoint.custom === undefined ? undefined : `${bucket}.${endpoint.custom.host}`;
  let style: AddressingStyle = firstStyle(endpoint, bucket);
  let region = endpoint.region;
  let regionIsTold = false;
  let identity: Promise<AwsCredentials | undefined> | undefined;

  const get = async (request: S3Request, renewed: boolean): Promise<Answer> => {
    identity ??= identify(endpoint.region);
    const credentials = await identity.catch((error: unknown) => {
      identity = undefined;
      throw error;
    });
    const url = s3Url({ ...endpoint, region }, style, { ...request, bucket });
    const headers = await sign(url, request.headers, credentials, region, wallClock());
    const answer = await client.send({ url, headers, followRedirects: false, signal: request.signal });
    if (answers.includes(answer.status)) return answer;

    const body = await readBytes(answer, smallAnswerBytes, `An error of ${answer.host}`, http.limits);
    const error = parseError(answer, body.toString("utf8"));
    if (style === "path" && wantsVirtualStyle(error, ownHost)) {
      requireChangeOfStyle(error, endpoint, bucket);
      style = "virtual";
      return get(request, renewed);
    }
    if (isOtherRegion(error)) {
      // Its answer is believed once, so that two regions that point to each other end.
      if (error.region === undefined || error.region === region || regionIsTold || !regionPattern.test(error.region)) {
        throw redirected(error.host, bucket, region, error.region);
      }
      region = error.region;
      regionIsTold = true;
      return get(request, renewed);
    }
    if (isExpired(error) && !renewed && credentials !== undefined) {
      identity = undefined;
      return get(request, true);
    }
    const what = request.key === "" ? (request.query["prefix"] ?? "") : request.key;
    throw errorFailure(error, `${bucket}/${what}`, credentials !== undefined);
  };

  return { get: (request) => get(request, false), close: () => client.close() };
}

/** AWS Signature Version 4 of a request without a body; without credentials the headers go as they are. */
async function sign(
  url: string,
  headers: Readonly<Record<string, string>>,
  credentials: AwsCredentials | undefined,
  region: string,
  now: Date,
): Promise<Record<string, string>> {
  if (credentials === undefined) return { ...headers };
  const { sessionToken, ...keys } = credentials;
  const signer = new AwsV4Signer({
    method: "GET",
    url,
    headers: { ...headers },
    ...keys,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: "s3",
    region,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
  });
  return Object.fromEntries((await signer.sign()).headers);
}

/** The bucket's own host is tried where nobody chose the path, and where it can have one. */
function requireChangeOfStyle({ host, code }: S3Error, endpoint: Endpoint, bucket: string): void {
  const wants = `${host} takes the bucket in the host's name only${code === "" ? "" : ` (${code})`}`;
  if (endpoint.addressing === "path") {
    throw failure("SourceUnavailable", `${wants}. Set AWS_S3_ADDRESSING_STYLE to virtual, or take it out.`);
  }
  if (!canHaveHost(endpoint, bucket)) {
    throw failure("SourceUnavailable", `${wants}, but ${whyNoHost(endpoint, bucket)}.`);
  }
}

function redirected(host: string, bucket: string, region: string, told: string | undefined): Error {
  const where = told === undefined ? "elsewhere and does not say where" : `to the region ${told}`;
  return failure(
    "SourceUnavailable",
    `${host} sends requests for the bucket ${bucket} from the region ${region} ${where}. Set AWS_REGION, and AWS_ENDPOINT_URL if it is not AWS, in the source's Secret.`,
  );
}
