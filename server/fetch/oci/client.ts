import { createHash } from "node:crypto";
import { digestPattern } from "../configuration.ts";
import { type Failure, failure } from "../failure.ts";
import { basicAuthorization } from "../http/authorization.ts";
import { discard, readBytes } from "../http/body.ts";
import { type Answer, createHttpClient, type HttpOptions, type HttpRequest } from "../http/client.ts";
import { statusFailure } from "../http/errors.ts";
import { type Opened, openAt, type Position } from "../http/range.ts";
import { manifestBytes } from "../limits.ts";
import { type RetryOptions, withRetries } from "../retry.ts";
import { hasBasicChallenge, parseBearerChallenge } from "./challenge.ts";
import type { Anonymous } from "./credentials.ts";
import type { RegistryCredentials } from "./docker-config.ts";
import { mediaTypes } from "./manifest.ts";
import { apiHost, type Reference, showArtifact, showReference } from "./reference.ts";
import { type Refusal, requestToken } from "./token.ts";

export interface RegistryOptions extends HttpOptions, Pick<RetryOptions, "fruitlessSince" | "onRetry"> {
  /** Read for every challenge, so that renewed ones are found. */
  readonly credentials: () => Promise<RegistryCredentials | Anonymous>;
}

export interface FetchedManifest {
  readonly text: string;
  readonly contentType: string;
  /** Of the bytes that arrived. */
  readonly digest: string;
}

/** Reads from one repository (OCI distribution-spec 1.1, "Pull"). Every method throws nothing but failures. */
export interface RegistryClient {
  /** `reference`: a tag or a digest. With a digest the bytes are checked against it. */
  manifest(reference: string): Promise<FetchedManifest>;
  /**
   * One attempt to learn what a tag stands for, without pulling it; undefined where the registry does not say. `signal`
   * ends it alone.
   */
  digestOf(tag: string, signal: AbortSignal): Promise<string | undefined>;
  /** One attempt; who reads the body tries again from where it got to. */
  blob(digest: string, at: Position): Promise<Opened>;
  close(): Promise<void>;
}

export function createRegistryClient(reference: Reference, options: RegistryOptions): RegistryClient {
  const { limits } = options;
  const { repository } = reference;
  const registry = apiHost(reference.registry);
  const origin = `${options.plainHttpHosts.includes(registry) ? "http" : "https"}://${registry}`;
  const shown = showReference(reference);
  const artifact = showArtifact(reference);
  const client = createHttpClient(options);
  let authorization: string | undefined;
  /** What the registry asked for when it was given that: `WWW-Authenticate`. */
  let answered = "";

  /**
   * A request with the authorization that the registry asks for. A token that expires during a long download is answered
   * with 401 again, so every request may renew it, once. Only the registry may ask: a storage that it redirects to could
   * name a token service of its own, and would be sent the password.
   */
  const get = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    how: Pick<HttpRequest, "headersOnly" | "signal"> = {},
  ): Promise<Answer> => {
    const url = `${origin}/v2/${repository}/${path}`;
    const answer = await client.send({ url, headers, ...how, authorization });
    if (answer.status !== 401 || answer.redirectedBy !== undefined) return answer;
    await discard(answer.body);
    const credentials = await options.credentials();
    const renewed = await authorize(answer, credentials, how.signal);
    if (renewed === undefined) throw refused(answer, credentials);
    authorization = renewed;
    return client.send({ url, headers, ...how, authorization });
  };

  /** What to answer a challenge with; undefined when nothing is left to try. */
  const authorize = async (
    { headers }: Answer,
    credentials: RegistryCredentials | Anonymous,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> => {
    const header = headers["www-authenticate"];
    const told = Array.isArray(header) ? header.join(", ") : (header ?? "");
    // To a token that has expired Harbor answers with a Basic challenge, and others with none (goharbor/harbor#17930).
    const challenges = authorization === undefined || parseBearerChallenge(told) !== undefined ? told : answered;
    answered = challenges;
    if (credentials.kind === "bearer") {
      const given = `Bearer ${credentials.token}`;
      return given === authorization ? undefined : given;
    }
    const challenge = parseBearerChallenge(challenges);
    if (challenge !== undefined) {
      const token = await requestToken({
        client,
        limits,
        challenge,
        credentials: credentials.kind === "anonymous" ? undefined : credentials,
        scope: `repository:${repository}:pull`,
        registry,
        origin,
        what: shown,
        refusal: refusal(credentials),
        signal,
      });
      return `Bearer ${token}`;
    }
    if (credentials.kind !== "basic" || !hasBasicChallenge(challenges)) return undefined;
    const given = basicAuthorization(credentials.username, credentials.password);
    return given === authorization ? undefined : given;
  };

  const refusal = (credentials: RegistryCredentials | Anonymous, host = registry): Refusal =>
    credentials.kind === "anonymous"
      ? { refused: `${host} refuses anonymous access to ${artifact}`, whenRefused: credentials.advice }
      : {
          refused: `${host} refuses ${artifact} to the credentials of the source's Secret`,
          whenRefused: "Check that they are right, not expired, and may pull.",
        };

  const refused = (answer: Answer, credentials: RegistryCredentials | Anonymous, what = artifact): Failure =>
    statusFailure({
      ...answer,
      what,
      whenMissing: "Check repository and tag in the uri, or push the model.",
      ...refusal(credentials, answer.host),
    });

  const getManifest = async (
    wanted: string,
    how: Pick<HttpRequest, "headersOnly" | "signal"> = {},
  ): Promise<Answer> => {
    const answer = await get(`manifests/${wanted}`, { accept: Object.values(mediaTypes).join(", ") }, how);
    if (answer.status === 200) return answer;
    await discard(answer.body);
    throw refused(answer, await options.credentials());
  };

  const manifestOnce = async (wanted: string): Promise<FetchedManifest> => {
    const answer = await getManifest(wanted);
    const { headers } = answer;
    const bytes = await readBytes(answer, manifestBytes, `The manifest of ${shown}`, limits);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const claimed = headers["docker-content-digest"];
    const demanded = wanted.startsWith("sha256:")
      ? wanted
      : typeof claimed === "string" && claimed.startsWith("sha256:")
        ? claimed
        : digest;
    if (digest !== demanded) {
      throw failure(
        "DigestMismatch",
        `The manifest ${demanded} of ${shown} arrived with the digest ${digest}: the registry's copy is damaged. Push the model again.`,
      );
    }
    return { text: bytes.toString("utf8"), contentType: mediaTypeOf(headers["content-type"]), digest };
  };

  return {
    manifest: (wanted) => withRetries(() => manifestOnce(wanted), options),

    digestOf: async (tag, signal) => {
      const { headers, body } = await getManifest(tag, { headersOnly: true, signal });
      await discard(body);
      const digest = headers["docker-content-digest"];
      return typeof digest === "string" && digestPattern.test(digest) ? digest : undefined;
    },

    blob: (digest, at) =>
      openAt(at, {
        // The address is a digest.
        condition: "none",
        send: (headers) => get(`blobs/${digest}`, headers),
        refuse: async (answer) => {
          await discard(answer.body);
          return refused(answer, await options.credentials(), `${artifact}, layer ${digest}`);
        },
      }),

    close: () => client.close(),
  };
}

function mediaTypeOf(contentType: string | string[] | undefined): string {
  return typeof contentType === "string" ? (contentType.split(";")[0] ?? "").trim() : "";
}
