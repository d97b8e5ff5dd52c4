import { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { quote } from "../../server/fetch/configuration.ts";
import { type Failure, failure } from "../../server/fetch/failure.ts";
import { fieldText } from "../../server/fetch/http/field-text.ts";
import { createRoutes, type RouteOptions } from "../../server/fetch/http/routes.ts";
import { type FetchLimits, redirects } from "../../server/fetch/limits.ts";
import { withRetries } from "../../server/fetch/retry.ts";
import { mediaTypes } from "../../server/fetch/oci/manifest.ts";
import type { RegistryCredentials } from "../../server/fetch/oci/docker-config.ts";
import { createAuthorization } from "./authorization.ts";
import type { Document } from "./artifact.ts";
import { type Content, counted, once } from "./content.ts";
import { answerFailure, connectionFailure } from "./errors.ts";

export interface WriterOptions extends Omit<RouteOptions, "tls"> {
  /** `host[:port]`. */
  readonly registry: string;
  readonly repository: string;
  /** Without TLS. */
  readonly plainHttp: boolean;
  /** Of who pushes; undefined is anybody. */
  readonly credentials: RegistryCredentials | undefined;
  /** What to tell who is refused to do. */
  readonly whenRefused: string;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly onRetry: (failure: Failure, delayMilliseconds: number) => void;
}

/** Writes into one repository (OCI distribution-spec 1.1, "Push"). Every method throws nothing but failures. */
export interface RegistryWriter {
  /** Uploads a blob unless the repository has it. `onBytes` is told of what left, and of a step back as negative. */
  blob(content: Content, onBytes?: (bytes: number) => void): Promise<"uploaded" | "present">;
  /** Digest of what the reference names now; undefined when nothing does. */
  digestOf(reference: string): Promise<string | undefined>;
  /** Puts a manifest under a tag or a digest; its blobs must be there. */
  manifest(reference: string, document: Document): Promise<void>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  /** `host[:port]` that answered. */
  readonly host: string;
  /** Another origin than the registry's answered, or had led to the one that did. */
  readonly isElsewhere: boolean;
  readonly location: string | undefined;
  readonly digest: string | undefined;
  readonly text: string;
}

interface Body {
  readonly type: string;
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** A registry says that there is nothing under a tag when what there is was not asked for. */
const manifestTypes = Object.values(mediaTypes).join(", ");
/** Errors are a few lines of JSON. */
const answerBytes = 64 * 1024;

export function createRegistryWriter(options: WriterOptions): RegistryWriter {
  const { registry, repository, signal } = options;
  const base = new URL(`${options.plainHttp ? "http" : "https"}://${registry}/v2/${repository}/`);
  const routes = createRoutes(options);
  const authorization = createAuthorization(options);
  const refused = (answer: Answer, what: string): Failure => answerFailure(answer, what, options);

  const exchange = async (
    url: URL,
    method: Dispatcher.HttpMethod,
    headers: Readonly<Record<string, string>>,
    body: Body | undefined,
  ): Promise<Omit<Answer, "isElsewhere"> & { readonly challenge: string }> => {
    const { dispatcher, shown } = routes.for(url);
    const sent = body === undefined ? {} : { "content-type": body.type, "content-length": String(body.size) };
    try {
      const answer = await request(url, {
        dispatcher,
        method,
        headers: { ...headers, ...sent },
        body: body === undefined ? null : Readable.from(body.open(), { objectMode: false }),
        signal,
      });
      const challenge = answer.headers["www-authenticate"];
      const location = one(answer.headers["location"]);
      return {
        status: answer.statusCode,
        host: shown,
        location: location === undefined ? undefined : fieldText(location),
        digest: one(answer.headers["docker-content-digest"]),
        text: await answerText(answer.body),
        challenge: Array.isArray(challenge) ? challenge.join(", ") : (challenge ?? ""),
      };
    } catch (error) {
      throw connectionFailure(error, shown, options.limits);
    }
  };

  /**
   * One request with what the registry wants to be shown, its redirects followed. Uploads may lead to a storage of
   * another name, which the registry's token is none of the business of, nor is whatever the storage leads to, be it the
   * registry again: it chose what is asked there. So a challenge from then on is a refusal, and is not answered.
   */
  const send = async (
    path: string | URL,
    method: Dispatcher.HttpMethod,
    headers: Readonly<Record<string, string>> = {},
    body?: Body,
  ): Promise<Answer> => {
    let url = new URL(path, base);
    let mayAnswer = true;
    let isElsewhere = false;
    for (let hop = 0; hop <= redirects; hop += 1) {
      requireAllowed(url, options);
      isElsewhere ||= url.origin !== base.origin;
      const header = isElsewhere ? undefined : authorization.header();
      const answer = await exchange(
        url,
        method,
        header === undefined ? headers : { ...headers, authorization: header },
        body,
      );
      if (answer.status === 401 && mayAnswer && !isElsewhere && (await authorization.answer(answer.challenge))) {
        mayAnswer = false;
        continue;
      }
      if (![301, 302, 303, 307, 308].includes(answer.status) || answer.location === undefined) {
        return { ...answer, isElsewhere };
      }
      url = locationOf(answer.location, url);
    }
    throw failure("SourceUnavailable", `${registry} redirected more than ${redirects} times`);
  };

  const uploadOnce = async (content: Content, onBytes: (bytes: number) => void): Promise<void> => {
    const started = await send("blobs/uploads/", "POST", { "content-length": "0" });
    if (started.status !== 202 || started.location === undefined) {
      throw refused(started, `an upload to ${repository}`);
    }
    const target = locationOf(started.location, base);
    target.searchParams.set("digest", content.digest);
    let told = 0;
    const count = (bytes: number): void => {
      told += bytes;
      onBytes(bytes);
    };
    try {
      const finished = await send(
        target,
        "PUT",
        {},
        {
          type: "application/octet-stream",
          size: content.size,
          // Opened again after a redirect or for another token: what had left before counts no more.
          open: () => {
            count(-told);
            return counted(content, count);
          },
        },
      );
      if (finished.status !== 201) throw refused(finished, `blob ${content.digest}`);
    } catch (error) {
      onBytes(-told);
      throw error;
    }
  };

  // Every retry is told in the terminal, and whoever waits there can end it.
  const retried = <T>(attempt: () => Promise<T>): Promise<T> =>
    withRetries(attempt, { ...options, fruitlessSince: () => undefined });

  return {
    blob: async (content, onBytes = () => undefined) => {
      const found = await retried(async () => {
        const answer = await send(`blobs/${content.digest}`, "HEAD");
        if (answer.status === 200) return true;
        if (answer.status === 404) return false;
        throw refused(answer, `to ${repository}`);
      });
      if (found) {
        onBytes(content.size);
        return "present";
      }
      await retried(() => uploadOnce(content, onBytes));
      return "uploaded";
    },

    digestOf: (reference) =>
      retried(async () => {
        const answer = await send(`manifests/${reference}`, "HEAD", { accept: manifestTypes });
        if (answer.status === 200) return answer.digest;
        if (answer.status === 404) return undefined;
        throw refused(answer, `to ${repository}`);
      }),

    manifest: async (reference, { mediaType, text, digest }) => {
      const content = Buffer.from(text);
      const body = { type: mediaType, size: content.byteLength, open: () => once(content) };
      const answer = await retried(async () => {
        const put = await send(`manifests/${reference}`, "PUT", {}, body);
        if (put.status !== 201) throw refused(put, `the manifest of ${repository}:${reference}`);
        return put;
      });
      if (answer.digest !== undefined && answer.digest !== digest) {
        throw failure("DigestMismatch", `${registry} stored the manifest as ${answer.digest} instead of ${digest}`);
      }
    },

    close: () => routes.destroy(),
  };
}

function locationOf(location: string, from: URL): URL {
  if (URL.canParse(location, from.href)) return new URL(location, from);
  throw failure(
    "SourceUnavailable",
    `${from.host} sends the upload to ${quote(location.replace(/\?.*$/s, "?…"))}, which is no URL`,
  );
}

function requireAllowed(url: URL, { registry, plainHttp }: WriterOptions): void {
  if (url.protocol === "https:" || (plainHttp && url.protocol === "http:")) return;
  throw failure("SourceUnavailable", `${registry} sends the upload to ${url.protocol}//${url.host}, which is not TLS`);
}

async function answerText(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > answerBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}
