import { request } from "undici";
import { type Running, serve } from "../file-server.ts";

/** How a server differs from the one that really answers. */
export interface Dialect {
  /** Changes the parameters of a listing before it is asked for. */
  readonly ask?: (query: URLSearchParams) => void;
  /** Changes a listing. */
  readonly answer?: (xml: string, page: number) => string;
}

export interface DialectProxy extends Running {
  /** Queries of the listings that were asked for. */
  readonly listings: readonly URLSearchParams[];
}

/**
 * A server that lists as another one does, in another dialect. Its requests are not signed, as they could not be
 * changed then, so the bucket behind it must be public.
 */
export async function startDialect(target: string, { ask, answer }: Dialect): Promise<DialectProxy> {
  const listings: URLSearchParams[] = [];
  const running = await serve((asked, response) => {
    const pass = async (): Promise<void> => {
      const url = new URL(asked.url ?? "/", `http://${target}`);
      const isListing = url.searchParams.has("prefix");
      if (isListing) {
        listings.push(new URLSearchParams(url.search));
        ask?.(url.searchParams);
      }
      const conditions = Object.entries(asked.headers).filter(([name]) => ["range", "if-match"].includes(name));
      const { statusCode, headers, body } = await request(url, { headers: Object.fromEntries(conditions) });
      const content = Buffer.from(await body.arrayBuffer());
      const changed = isListing && answer !== undefined ? answer(content.toString(), listings.length) : content;
      const kept = Object.entries(headers).filter(([name]) =>
        ["etag", "last-modified", "content-range"].includes(name),
      );
      response.writeHead(statusCode, Object.fromEntries(kept)).end(changed);
    };
    pass().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  return { ...running, listings };
}
