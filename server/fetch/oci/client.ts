import { createHash } from "node:crypto";
import { getCACertificates } from "node:tls";
import { Agent, type Dispatcher, request } from "undici";
import { quote } from "../configuration.ts";
import { type Failure, failure } from "../failure.ts";
import { type FetchLimits, manifestBytes, redirects, tokenBytes } from "../limits.ts";
import { withRetries } from "../retry.ts";
import { parseBearerChallenge } from "./challenge.ts";
import { statusFailure, transportFailure } from "./errors.ts";
import { mediaTypes } from "./manifest.ts";
import { type Reference, showReference } from "./reference.ts";

export interface RegistryOptions {
  readonly plainHttpHosts: readonly string[];
  readonly certificateAuthority: string | undefined;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly onRetry: (failure: Failure, delayMilliseconds: number) => void;
}

export interface FetchedManifest {
  readonly text: string;
  readonly contentType: string;
  /** Of the bytes that arrived. */
  readonly digest: string;
}

export interface BlobAnswer {
  /** Where the body starts in the blob: 0 when the registry ignored the range. */
  readonly offset: number;
  readonly body: Dispatcher.ResponseData["body"];
}

/** Reads from one repository (OCI distribution-spec 1.1, "Pull"). Every method throws nothing but failures. */
export interface RegistryClient {
  /** `reference`: a tag or a digest. With a digest the bytes are checked against it. */
  manifest(reference: string): Promise<FetchedManifest>;
  /** One attempt; who reads the body tries again from where it got to. */
  blob(digest: string, offset: number): Promise<BlobAnswer>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly body: Dispatcher.ResponseData["body"];
}

export function createRegistryClient(reference: Reference, options: RegistryOptions): RegistryClient {
  const { registry, repository } = reference;
  const { limits, signal } = options;
  const origin = `${options.plainHttpHosts.includes(registry) ? "http" : "https"}://${registry}`;
  const shown = showReference(reference);
  const agent = createAgent(options);
  let token: string | undefined;

  /** One request, its redirects followed. The token goes to the registry itself, never to another host. */
  const send = async (start: string, headers: Record<string, string>): Promise<Answer> => {
    let url = new URL(start);
    for (let hop = 0; hop <= redirects; hop += 1) {
      requireAllowed(url, options.plainHttpHosts);
      const authorization =
        token !== undefined && url.origin === new URL(origin).origin ? { authorization: `Bearer ${token}` } : {};
      const {
        statusCode,
        headers: received,
        body,
      } = await request(url, {
        dispatcher: agent,
        headers: { ...headers, ...authorization },
        signal,
      }).catch((error: unknown) => {
        throw transportFailure(error, url.host, limits);
      });
      const location = received["location"];
      if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== "string") {
        return { status: statusCode, headers: received, body };
      }
      await discard(body);
      url = redirectTarget(location, url);
    }
    throw failure("SourceUnavailable", `${registry} redirected more than ${redirects} times for ${shown}.`);
  };

  /** A request with the anonymous token that the registry asks for, if it does. */
  const get = async (path: string, headers: Record<string, string>): Promise<Answer> => {
    const url = `${origin}/v2/${repository}/${path}`;
    const answer = await send(url, headers);
    if (answer.status !== 401) return answer;
    const header = answer.headers["www-authenticate"];
    await discard(answer.body);
    const challenge = parseBearerChallenge(Array.isArray(header) ? header.join(", ") : (header ?? ""));
    if (challenge === undefined) throw statusFailure(401, registry, shown, {});
    token = await requestToken(challenge.realm, {
      service: challenge.service,
      scope: challenge.scope ?? `repository:${repository}:pull`,
    });
    return send(url, headers);
  };

  const requestToken = async (realm: string, query: Record<string, string | undefined>): Promise<string> => {
    if (!URL.canParse(realm)) {
      throw failure("Unauthorized", `${registry} asks for a token from ${quote(realm)}, which is no URL.`);
    }
    const url = new URL(realm);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    token = undefined;
    const { status, headers, body } = await send(url.href, { accept: "application/json" });
    const text = await readText(body, tokenBytes, `The token answer of ${url.host}`, url.host, limits);
    if (status !== 200) throw statusFailure(status, url.host, shown, headers);
    const value = tokenOf(text);
    if (value === undefined) throw failure("Unauthorized", `${url.host} answered without a token for ${shown}.`);
    return value;
  };

  const manifestOnce = async (wanted: string): Promise<FetchedManifest> => {
    const { status, headers, body } = await get(`manifests/${wanted}`, {
      accept: Object.values(mediaTypes).join(", "),
    });
    if (status !== 200) {
      await discard(body);
      throw statusFailure(status, registry, shown, headers);
    }
    const bytes = await readBytes(body, manifestBytes, `The manifest of ${shown}`, registry, limits);
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
    const contentType = headers["content-type"];
    return { text: bytes.toString("utf8"), contentType: mediaTypeOf(contentType), digest };
  };

  return {
    manifest: (wanted) => withRetries(() => manifestOnce(wanted), options),

    async blob(digest, offset): Promise<BlobAnswer> {
      const { status, headers, body } = await get(`blobs/${digest}`, offset === 0 ? {} : { range: `bytes=${offset}-` });
      if (status === 200) return { offset: 0, body };
      if (status === 206 && contentRangeStart(headers["content-range"]) === offset) return { offset, body };
      await discard(body);
      if (status === 416 && offset > 0) return this.blob(digest, 0);
      throw statusFailure(status, registry, `${shown}, layer ${digest}`, headers);
    },

    close: () => agent.destroy(),
  };
}

function createAgent({ certificateAuthority, limits }: RegistryOptions): Agent {
  return new Agent({
    connect: {
      timeout: limits.idleMilliseconds,
      ...(certificateAuthority === undefined
        ? {}
        : { ca: [...getCACertificates("default"), ...getCACertificates("system"), certificateAuthority] }),
    },
    headersTimeout: limits.idleMilliseconds,
    bodyTimeout: limits.idleMilliseconds,
    // One blob at a time, and a token request beside it.
    connections: 2,
  });
}

/** Without TLS only to the hosts that the operator's owner named; this holds for redirects and token servers too. */
function requireAllowed(url: URL, plainHttpHosts: readonly string[]): void {
  if (url.protocol === "https:") return;
  if (url.protocol === "http:" && plainHttpHosts.includes(url.host)) return;
  throw failure(
    "SourceUnavailable",
    `The registry sends the download to ${url.protocol}//${url.host}, which is not TLS. Name the host among the plain HTTP hosts of the chart if that is meant.`,
  );
}

function redirectTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    throw failure("SourceUnavailable", `${from.host} redirects to ${quote(location)}, which is no URL.`);
  }
  return new URL(location, from);
}

function contentRangeStart(header: string | string[] | undefined): number | undefined {
  const start = typeof header === "string" ? /^bytes (\d{1,15})-/.exec(header)?.[1] : undefined;
  return start === undefined ? undefined : Number(start);
}

function mediaTypeOf(contentType: string | string[] | undefined): string {
  return typeof contentType === "string" ? (contentType.split(";")[0] ?? "").trim() : "";
}

/** Docker's token flow says `token`, OAuth 2 says `access_token`; servers send either or both. */
function tokenOf(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return undefined;
    for (const value of ["token" in answer && answer.token, "access_token" in answer && answer.access_token]) {
      // RFC 6750 §2.1: what may stand in an Authorization header.
      if (typeof value === "string" && /^[A-Za-z0-9._~+/-]+=*$/.test(value)) return value;
    }
    return undefined;
  } catch {
    return undefined;
  }
}

async function readText(
  body: Answer["body"],
  bound: number,
  what: string,
  host: string,
  limits: FetchLimits,
): Promise<string> {
  return (await readBytes(body, bound, what, host, limits)).toString("utf8");
}

async function readBytes(
  body: Answer["body"],
  bound: number,
  what: string,
  host: string,
  limits: FetchLimits,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > bound) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw transportFailure(error, host, limits);
  }
  if (size > bound) throw failure("TooLarge", `${what} is larger than the ${bound} bytes that are allowed.`);
  return Buffer.concat(chunks);
}

/** Reads the rest of a small answer, so that its connection can be used again; cuts a long one. */
async function discard(body: Answer["body"]): Promise<void> {
  await body.dump({ limit: tokenBytes }).catch(() => undefined);
}
