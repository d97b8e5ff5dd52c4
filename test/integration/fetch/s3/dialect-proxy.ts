import { request } from "undici";
import { type Running, serve } from "../servers/file-server.ts";

/** How a server differs from the one that really answers. */
export interface Dialect {
  /** Changes the parameters of a listing before it is asked for. */
  readonly ask?: (query: URLSearchParams) => void;
  /** Changes a listing; `count` is 1 for the first of them. */
  readonly answer?: (xml: string, count: number) => string | Promise<string>;
  /** Changes the answer's headers for an object, or answers 412 to its condition whatever it names. */
  readonly object?: (headers: Headers) => Headers | "refused";
}

type Headers = Readonly<Record<string, string>>;

export interface DialectProxy extends Running {
  /** Queries of the listings that were asked for. */
  readonly listings: readonly URLSearchParams[];
  /** `If-Match` of the objects that were asked for. */
  readonly conditions: readonly (string | undefined)[];
  /** Their `Range`. */
  readonly ranges: readonly (string | undefined)[];
}

/**
 * A server that lists as another one does, in another dialect. Its requests are not signed, as they could not be
 * changed then, so the bucket behind it must be public.
 */
export async function startDialect(target: string, { ask, answer, object }: Dialect): Promise<DialectProxy> {
  const listings: URLSearchParams[] = [];
  const conditions: (string | undefined)[] = [];
  const ranges: (string | undefined)[] = [];
  const running = await serve((asked, response) => {
    const pass = async (): Promise<void> => {
      const url = new URL(asked.url ?? "/", `http://${target}`);
      const isListing = url.searchParams.has("prefix");
      if (isListing) {
        listings.push(new URLSearchParams(url.search));
        ask?.(url.searchParams);
      } else {
        conditions.push(asked.headers["if-match"]);
        ranges.push(asked.headers.range);
      }
      const { statusCode, headers, body } = await request(url, {
        headers: only(asked.headers, ["range", "if-match", "if-unmodified-since"]),
      });
      const content = Buffer.from(await body.arrayBuffer());
      const changed = isListing && answer !== undefined ? await answer(content.toString(), listings.length) : content;
      const kept = only(headers, ["etag", "last-modified", "content-range"]);
      const shown = isListing || object === undefined ? kept : object(kept);
      if (shown === "refused" && asked.headers["if-match"] !== undefined) response.writeHead(412).end();
      else {
        const described = shown === "refused" ? kept : shown;
        response.writeHead(statusCode, { ...described, "content-length": Buffer.byteLength(changed) }).end(changed);
      }
    };
    pass().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  return { ...running, listings, conditions, ranges };
}

function only(headers: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => names.includes(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
