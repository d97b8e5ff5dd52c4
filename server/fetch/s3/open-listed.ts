import { type Failure, failure } from "../failure.ts";
import { discard } from "../http/body.ts";
import type { Answer } from "../http/client.ts";
import { type Opened, openAt, type Position } from "../http/range.ts";
import type { S3Client } from "./client.ts";
import type { ListedObject } from "./listing.ts";

export interface ListedOptions {
  /** For messages. */
  readonly what: string;
  /** What the listing says of the object by now; undefined when it is not there any more. */
  readonly listAgain: () => Promise<ListedObject | undefined>;
}

/** What an object's own answer says of its state, as it is sent: it is compared only, so a weak tag will do. */
interface State {
  readonly etag: string | undefined;
  readonly modified: string | undefined;
  readonly size: number | undefined;
}

/**
 * Opens an object of a listing, and only the one that was listed: files of two states must not be mixed. The listed
 * entity tag is the condition of every request. Where the store says that it does not hold, that is either
 *
 * - a change: the listing has another tag or size by now, or the object has another size. The attempt ends, and the next
 *   one takes the new folder. Or
 * - no change: some stores and gateways list other tags than their objects have, or let no condition hold at all. Then
 *   the object's own state is asked for, and every later answer has to be of that one.
 *
 * An object that was replaced by one of the same size is a change by the new listing alone, which is why it is asked for.
 */
export function openListed(
  client: S3Client,
  { key, size, etag }: ListedObject,
  { what, listAgain }: ListedOptions,
): (at: Position) => Promise<Opened> {
  const changed = failure(
    "SourceUnavailable",
    `${what} was changed while it was downloaded. The next attempt takes the new one.`,
  );
  let own: State | undefined;

  const attempt = (at: Position): Promise<Opened> =>
    openAt(at, {
      condition: "if-match",
      async send(headers) {
        const condition: Readonly<Record<string, string>> =
          own === undefined && etag !== undefined ? { "if-match": etag } : {};
        const answer = await client.get({ key, query: {}, headers: { ...headers, ...condition } });
        if (own === undefined || answer.status >= 300 || isSame(stateOf(answer), own)) return answer;
        await discard(answer.body);
        throw changed;
      },
      refuse: async (answer) =>
        answer.status === 412 ? (await discard(answer.body), changed) : unexpected(answer, what),
    });

  return async (at) => {
    try {
      return await attempt(at);
    } catch (error) {
      if (error !== changed || own !== undefined) throw error;
    }
    const listed = await listAgain();
    if (listed?.etag !== etag || listed?.size !== size) throw changed;
    const answer = await client.get({ key, query: {}, headers: {} });
    await discard(answer.body);
    const found = stateOf(answer);
    if (answer.status !== 200 || (found.size !== undefined && found.size !== size)) throw changed;
    own = found;
    return attempt(at);
  };
}

/** A status that no request here asks for. */
export async function unexpected({ status, host, body }: Answer, what: string): Promise<Failure> {
  await discard(body);
  return failure("SourceUnavailable", `${host} answered with status ${status} for ${what}.`, {});
}

function stateOf({ headers }: Answer): State {
  const { etag, "last-modified": modified, "content-length": length } = headers;
  return {
    etag: typeof etag === "string" ? etag : undefined,
    modified: typeof modified === "string" ? modified : undefined,
    size: typeof length === "string" && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
  };
}

/** By the first of tag and date that both name. */
function isSame(left: State, right: State): boolean {
  if (left.etag !== undefined && right.etag !== undefined) return left.etag === right.etag;
  return left.modified === undefined || right.modified === undefined || left.modified === right.modified;
}
