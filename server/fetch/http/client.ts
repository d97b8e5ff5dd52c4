import { type Dispatcher, request } from "undici";
import { quote } from "../configuration.ts";
import { type Failure, failure } from "../failure.ts";
import { type FetchLimits, redirects } from "../limits.ts";
import { discard } from "./body.ts";
import { isPlainHttp, transportFailure } from "./errors.ts";
import { fieldText } from "./field-text.ts";
import { createRoutes, type RouteOptions } from "./routes.ts";

export interface HttpOptions extends Omit<RouteOptions, "tls"> {
  /** `host[:port]` entries that may be spoken to without TLS. */
  readonly plainHttpHosts: readonly string[];
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
}

export interface HttpRequest {
  readonly url: string;
  /** Sent wherever the request is redirected to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `Authorization` for the origin of `url` alone: a redirect to another one leaves it behind, and none brings it back. */
  readonly authorization?: string | undefined;
  /** A form to POST, instead of a GET. Redirects are not followed with it. */
  readonly form?: URLSearchParams;
  /** Ask for the headers alone (HEAD). */
  readonly headersOnly?: boolean;
  /** `false` where a redirect must not be followed blindly, because the request is signed for one host. */
  readonly followRedirects?: boolean;
  /** Origin that named `url`, as a registry does its token service. It may name another one the next time. */
  readonly namedBy?: string;
  /** Ends this request alone, beside the signal of all. */
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly body: Dispatcher.ResponseData["body"];
  /** For messages: `host[:port]` that answered, after redirects, and the proxy that it was asked through. */
  readonly host: string;
  /**
   * `host[:port]` that was asked, once a redirect has led to another origin; undefined as long as none has. Who answers
   * then was chosen by somebody else: what it asks for is not to be answered with credentials.
   */
  readonly redirectedBy: string | undefined;
}

/** Who leads to an address that is not the user's. */
interface Guide {
  readonly url: URL;
  /** By a redirect, and not by its words. */
  readonly redirects: boolean;
}

/** Sends requests within the bounds of the fetch step. Every method throws nothing but failures. */
export interface HttpClient {
  /** One attempt; whatever status comes is an answer. */
  send(request: HttpRequest): Promise<Answer>;
  close(): Promise<void>;
}

/** One download at a time, and a token request beside it. */
const mostConnections = 2;

export function createHttpClient(options: HttpOptions): HttpClient {
  const { limits, signal, plainHttpHosts } = options;
  const routes = createRoutes(options, mostConnections);

  return {
    async send(wanted) {
      const { url: start, headers = {}, authorization, form, headersOnly = false, namedBy } = wanted;
      const { followRedirects = form === undefined } = wanted;
      const { origin, host: asked } = new URL(start);
      let url = new URL(start);
      let redirectedBy: string | undefined;
      const either = wanted.signal === undefined ? signal : AbortSignal.any([signal, wanted.signal]);
      let guide: Guide | undefined = namedBy === undefined ? undefined : { url: new URL(namedBy), redirects: false };
      for (let hop = 0; hop <= redirects; hop += 1) {
        requireAllowed(url, plainHttpHosts, guide);
        if (url.origin !== origin) redirectedBy = asked;
        const ofOrigin = authorization !== undefined && redirectedBy === undefined ? { authorization } : {};
        const { dispatcher, shown } = routes.for(url);
        const {
          statusCode: status,
          headers: received,
          body,
        } = await request(url, {
          dispatcher,
          signal: either,
          method: form !== undefined ? "POST" : headersOnly ? "HEAD" : "GET",
          headers: { ...ownHeaders(form), ...headers, ...ofOrigin },
          body: form?.toString() ?? null,
        }).catch((error: unknown) => {
          throw isPlainHttp(error) ? notTls(url, guide) : transportFailure(error, shown, limits);
        });
        const location = received["location"];
        if (!followRedirects || ![301, 302, 303, 307, 308].includes(status) || typeof location !== "string") {
          return { status, headers: received, body, host: shown, redirectedBy };
        }
        await discard(body);
        guide = { url, redirects: true };
        url = redirectTarget(location, url);
      }
      throw failure("SourceUnavailable", `${asked} redirected more than ${redirects} times.`);
    },

    close: () => routes.destroy(),
  };
}

function ownHeaders(form: URLSearchParams | undefined): Record<string, string> {
  return {
    // Some services refuse clients that do not say who they are.
    "user-agent": "slipway",
    // A compressed answer could not be gone on with by range, and its bytes are not those that have the digest.
    "accept-encoding": "identity",
    ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
  };
}

/** Without TLS only to the hosts that the operator's owner named; this holds for redirects and token servers too. */
function requireAllowed(url: URL, plainHttpHosts: readonly string[], guide: Guide | undefined): void {
  if (url.protocol === "https:") return;
  // A URL leaves out the port 80 that an entry may spell out.
  const named = plainHttpHosts.includes(url.host) || (url.port === "" && plainHttpHosts.includes(`${url.host}:80`));
  if (url.protocol === "http:" && named) return;
  throw notTls(url, guide);
}

/**
 * The hosts are frozen with the revision, so a uri or an endpoint of the user's that is not TLS can only fail again.
 * Where another one, the guide, leads may change. A guide that speaks TLS and leads to itself without, or to a token
 * service without, does not know by which address it is reached: to take that address would give TLS away.
 */
function notTls(url: URL, guide: Guide | undefined): Failure {
  const { protocol, host } = url;
  if (guide !== undefined && protocol === "http:" && isDowngrade(url, guide)) {
    return failure(
      "SourceUnavailable",
      `${guide.url.host} speaks TLS and leads to http://${host}, which is without: nothing was sent there. Set the external URL of ${guide.url.host} to https.`,
    );
  }
  const what =
    protocol === "https:"
      ? `${host} does not speak TLS.`
      : `The download leads to ${protocol}//${host}, which is not TLS.`;
  return failure(
    guide === undefined ? "UnsupportedSource" : "SourceUnavailable",
    `${what} If plain HTTP is meant, name the host in the chart value registries.plainHttpHosts, and then set a new spec.restartToken.`,
  );
}

/** A query may be a signature. */
function withoutQuery(location: string): string {
  return location.replace(/\?.*$/s, "?…");
}

/** To its own name, or to who would get the password: only a token service is named without a redirect. */
function isDowngrade(to: URL, { url, redirects: isRedirect }: Guide): boolean {
  return url.protocol === "https:" && (!isRedirect || url.hostname === to.hostname);
}

function redirectTarget(field: string, from: URL): URL {
  const location = fieldText(field);
  if (!URL.canParse(location, from.href)) {
    throw failure("SourceUnavailable", `${from.host} redirects to ${quote(withoutQuery(location))}, which is no URL.`);
  }
  return new URL(location, from);
}
