import type { IncomingHttpHeaders } from "undici/types/header.js";

/** What a proxy answered in place of the host that was asked for. */
export interface ProxyRefusal extends Error {
  readonly proxyStatus: number;
  /** The kinds of credentials that it asks for (RFC 9110 §11.7.1), in small letters: `basic`, `negotiate`. */
  readonly schemes: readonly string[];
  /** It was given a user name and password. */
  readonly isIdentified: boolean;
}

export function proxyRefusal(proxyStatus: number, headers: IncomingHttpHeaders, isIdentified: boolean): ProxyRefusal {
  const schemes = schemesOf(headers["proxy-authenticate"]);
  return Object.assign(new Error("the proxy refuses"), { proxyStatus, schemes, isIdentified });
}

/** The refusal behind an error, which undici may have wrapped; undefined when it is about something else. */
export function proxyRefusalOf(error: unknown): ProxyRefusal | undefined {
  if (!(error instanceof Error)) return undefined;
  return isProxyRefusal(error) ? error : proxyRefusalOf(error.cause);
}

function isProxyRefusal(error: Error): error is ProxyRefusal {
  return "proxyStatus" in error && "schemes" in error;
}

/** Challenges have their parameters behind the scheme, and commas between both; a quoted string may hold anything. */
function schemesOf(header: string | readonly string[] | undefined): readonly string[] {
  const challenges = [header ?? []]
    .flat()
    .join(",")
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
  return challenges.split(",").flatMap((part) => {
    const scheme = /^\s*([a-z][a-z0-9-]{0,31})(?:\s+\S|\s*$)/i.exec(part)?.[1];
    return scheme === undefined || /^\s*\S+\s*=/.test(part) ? [] : [scheme.toLowerCase()];
  });
}
