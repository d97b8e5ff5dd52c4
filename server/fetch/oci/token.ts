import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";
import { basicAuthorization } from "../http/authorization.ts";
import { discard, readJson } from "../http/body.ts";
import type { HttpClient } from "../http/client.ts";
import { type StatusMeaning, statusFailure } from "../http/errors.ts";
import { type FetchLimits, smallAnswerBytes } from "../limits.ts";
import type { BearerChallenge } from "./challenge.ts";
import type { RegistryCredentials } from "./docker-config.ts";

export type Refusal = Pick<StatusMeaning, "refused" | "whenRefused">;

export interface TokenRequest {
  readonly client: HttpClient;
  readonly limits: FetchLimits;
  readonly challenge: BearerChallenge;
  readonly credentials: RegistryCredentials | undefined;
  /** Scope to ask for when the challenge names none. */
  readonly scope: string;
  readonly registry: string;
  /** `https://host[:port]` of the registry, or `http://` where it is spoken to without TLS. */
  readonly origin: string;
  /** The artifact, and what to say when it is refused; for messages. */
  readonly what: string;
  readonly refusal: Refusal;
  /** Ends this request alone. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gets an access token from the service that a registry names: Docker's token flow, anonymous or with a name and
 * password, or with an identity token its OAuth 2 flow (distribution's "Token Authentication" and "OAuth 2").
 */
export async function requestToken(request: TokenRequest): Promise<string> {
  const { client, limits, challenge, credentials, registry, origin, what, refusal, signal } = request;
  const { realm, service } = challenge;
  if (!URL.canParse(realm)) {
    throw failure("Unauthorized", `${registry} asks for a token from ${quote(realm)}, which is no URL.`);
  }
  const query = { service, scope: challenge.scope ?? request.scope };
  const answer = await client.send(
    credentials?.kind === "identityToken"
      ? { url: realm, namedBy: origin, form: identityForm(query, credentials.token), signal }
      : {
          url: withQuery(realm, query),
          namedBy: origin,
          signal,
          headers: { accept: "application/json" },
          authorization:
            credentials?.kind === "basic" ? basicAuthorization(credentials.username, credentials.password) : undefined,
        },
  );
  if (answer.status !== 200) {
    await discard(answer.body);
    throw statusFailure({ ...answer, what: `token for ${what}`, whenMissing: "Check the registry.", ...refusal });
  }
  const token = tokenOf(await readJson(answer, smallAnswerBytes, `The token answer of ${answer.host}`, limits));
  if (token === undefined) throw failure("Unauthorized", `${answer.host} answered without a token for ${what}.`);
  return token;
}

type Query = Readonly<Record<string, string | undefined>>;

function withQuery(realm: string, query: Query): string {
  const url = new URL(realm);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

function identityForm({ service, scope }: Query, token: string): URLSearchParams {
  return new URLSearchParams({
    grant_type: "refresh_token",
    service: service ?? "",
    scope: scope ?? "",
    client_id: "slipway",
    refresh_token: token,
  });
}

/** Docker's token flow says `token`, OAuth 2 says `access_token`; servers send either or both. */
function tokenOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  for (const value of ["token" in answer && answer.token, "access_token" in answer && answer.access_token]) {
    // RFC 6750 §2.1: what may stand in an Authorization header.
    if (typeof value === "string" && /^[A-Za-z0-9._~+/-]+=*$/.test(value)) return value;
  }
  return undefined;
}
