import { basicAuthorization } from "../../server/fetch/http/authorization.ts";
import { createHttpClient } from "../../server/fetch/http/client.ts";
import type { ProxySettings } from "../../server/fetch/http/proxy.ts";
import { quote } from "../../server/fetch/configuration.ts";
import { failure } from "../../server/fetch/failure.ts";
import type { FetchLimits } from "../../server/fetch/limits.ts";
import { type BearerChallenge, hasBasicChallenge, parseBearerChallenge } from "../../server/fetch/oci/challenge.ts";
import type { RegistryCredentials } from "../../server/fetch/oci/docker-config.ts";
import { requestToken } from "../../server/fetch/oci/token.ts";

/** What to send as `Authorization`, and how to come by it once the registry has said what it wants. */
export interface Authorization {
  /** For the next request; undefined when nothing is known to be asked for. */
  readonly header: () => string | undefined;
  /** Answers a `WWW-Authenticate`. False: there is nothing more to offer. */
  readonly answer: (challenge: string) => Promise<boolean>;
}

export interface AuthorizationOptions {
  readonly registry: string;
  readonly repository: string;
  readonly credentials: RegistryCredentials | undefined;
  /** What to tell who is refused to do. */
  readonly whenRefused: string;
  readonly plainHttp: boolean;
  readonly proxies: ProxySettings;
  readonly certificateAuthority: string | undefined;
  readonly limits: FetchLimits;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** As the pods that pull do it, but for the right to push. */
export function createAuthorization(options: AuthorizationOptions): Authorization {
  const { credentials } = options;
  let header: string | undefined;
  let answered: BearerChallenge | undefined;
  const offer = (next: string): boolean => {
    const isNew = next !== header;
    header = next;
    return isNew;
  };
  return {
    header: () => header,
    answer: async (challenge) => {
      if (credentials?.kind === "bearer") return offer(`Bearer ${credentials.token}`);
      // A token that has expired may be answered with another challenge, or with none (goharbor/harbor#17930).
      const bearer = parseBearerChallenge(challenge) ?? answered;
      answered = bearer;
      if (bearer !== undefined) return offer(`Bearer ${await tokenFor(bearer, options)}`);
      if (credentials?.kind !== "basic" || !hasBasicChallenge(challenge)) return false;
      return offer(basicAuthorization(credentials.username, credentials.password));
    },
  };
}

async function tokenFor(challenge: BearerChallenge, options: AuthorizationOptions): Promise<string> {
  const { registry, repository, credentials, plainHttp } = options;
  const realm = URL.canParse(challenge.realm) ? new URL(challenge.realm) : undefined;
  // A password must not go to where a plain connection leads, unless plain connections were asked for.
  if (realm === undefined || (realm.protocol !== "https:" && !plainHttp)) {
    throw failure(
      "Unauthorized",
      `${registry} sends for a token to ${quote(challenge.realm)}, which is no https URL: nothing was sent there. Set the external URL of ${registry} to https`,
    );
  }
  const client = createHttpClient({ ...options, plainHttpHosts: plainHttp ? [realm.host] : [] });
  try {
    return await requestToken({
      client,
      limits: options.limits,
      // The challenge of a look asks for the right to pull alone; what follows needs both.
      challenge: { ...challenge, scope: undefined },
      credentials,
      scope: `repository:${repository}:pull,push`,
      registry,
      origin: `${plainHttp ? "http" : "https"}://${registry}`,
      what: `${registry}/${repository}`,
      refusal: {
        refused: `${realm.host} gives no token for ${registry}/${repository}`,
        whenRefused: options.whenRefused,
      },
    });
  } finally {
    await client.close();
  }
}
