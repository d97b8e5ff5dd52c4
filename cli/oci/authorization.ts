import { parseBearerChallenge } from "../../server/fetch/oci/challenge.ts";
import { failure } from "../../server/fetch/failure.ts";

export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
}

/** Who pushes: a user, a token that is at hand already, or nobody. */
export type Credentials = PasswordCredentials | { readonly token: string } | undefined;

/** One plain request, whatever its answer; the connection's certificates are the registry's. */
export type Ask = (
  url: URL,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly text: string }>;

/** What to send as `Authorization`, and how to get it once the registry has said what it wants. */
export interface Authorization {
  /** For the next request; undefined when nothing is known to be asked for. */
  readonly header: () => string | undefined;
  /** Answers a `WWW-Authenticate`. False: there is nothing more to offer. */
  readonly answer: (challenge: string) => Promise<boolean>;
}

export interface AuthorizationOptions {
  readonly registry: string;
  readonly repository: string;
  readonly credentials: Credentials;
  readonly plainHttp: boolean;
  readonly ask: Ask;
}

/**
 * HTTP Basic, or the token flow of the OCI registries (distribution, "Token Authentication Specification"): the
 * registry names a realm, and the realm gives a token for the repository to who shows name and password.
 */
export function createAuthorization(options: AuthorizationOptions): Authorization {
  const { credentials } = options;
  let header = credentials !== undefined && "token" in credentials ? `Bearer ${credentials.token}` : undefined;
  return {
    header: () => header,
    answer: async (challenge) => {
      const bearer = parseBearerChallenge(challenge);
      if (bearer !== undefined) {
        const token = await requestToken(bearer.realm, bearer.service, options);
        if (token === undefined) return false;
        header = `Bearer ${token}`;
        return true;
      }
      const basic = basicHeader(credentials);
      if (!/(?:^|,)\s*basic\b/i.test(challenge) || basic === undefined || basic === header) return false;
      header = basic;
      return true;
    },
  };
}

function basicHeader(credentials: Credentials): string | undefined {
  if (credentials === undefined || "token" in credentials) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

async function requestToken(
  realm: string,
  service: string | undefined,
  { registry, repository, credentials, plainHttp, ask }: AuthorizationOptions,
): Promise<string | undefined> {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  // A password must not go to whom a plain connection leads.
  if (url === undefined || (url.protocol !== "https:" && !(plainHttp && url.protocol === "http:"))) {
    throw failure(
      "Unauthorized",
      `${registry} sends for a token to ${JSON.stringify(realm.slice(0, 200))}, which is no https URL: nothing was sent there`,
    );
  }
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", `repository:${repository}:pull,push`);
  const basic = basicHeader(credentials);
  const { status, text } = await ask(url, basic === undefined ? {} : { authorization: basic });
  return status === 200 ? tokenIn(text) : undefined;
}

/** Docker's token flow says `token`, OAuth 2 says `access_token`. */
function tokenIn(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return undefined;
    const values = ["token" in answer && answer.token, "access_token" in answer && answer.access_token];
    return values.find((value): value is string => typeof value === "string" && value !== "");
  } catch {
    return undefined; // a page for people instead of a token
  }
}
