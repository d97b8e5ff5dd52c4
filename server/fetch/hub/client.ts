import { quote } from "../configuration.ts";
import { type Failure, failure } from "../failure.ts";
import { discard, readJson } from "../http/body.ts";
import { type Answer, createHttpClient, type HttpOptions } from "../http/client.ts";
import { statusFailure } from "../http/errors.ts";
import { type Opened, openAt, type Position } from "../http/range.ts";
import { listingBytes, treePages } from "../limits.ts";
import { type RetryOptions, withRetries } from "../retry.ts";
import type { HubAddress } from "./address.ts";
import { type HubFile, type HubRevision, parseRevision } from "./revision.ts";
import { nextQuery, parseTree } from "./tree.ts";

export interface HubOptions extends HttpOptions, Pick<RetryOptions, "fruitlessSince" | "onRetry"> {
  /** `https://huggingface.co`, or a mirror. */
  readonly endpoint: URL;
  /** Read for every request, so that a renewed one is found. */
  readonly token: () => Promise<string | undefined>;
}

/** Reads one repository of a Hugging Face Hub, by its public routes. Every method throws nothing but failures. */
export interface HubClient {
  /** `GET /api/models/{repository}/revision/{revision}`: which commit a revision is, and what it holds. */
  resolve(revision: string): Promise<HubRevision>;
  /** One attempt at the same, for what the download can do without; `signal` ends it alone. */
  look(revision: string, signal: AbortSignal): Promise<HubRevision>;
  /**
   * `GET /api/models/{repository}/tree/{commit}/{folder}`, page by page: all files below a folder, or of the repository,
   * however many there are.
   */
  list(commit: string, folder: string): Promise<readonly HubFile[]>;
  /** One attempt at `GET /{repository}/resolve/{commit}/{path}`, which leads large files to another host. */
  open(commit: string, path: string, at: Position): Promise<Opened>;
  close(): Promise<void>;
}

export function createHubClient({ repository, revision }: HubAddress, options: HubOptions): HubClient {
  const { endpoint, limits } = options;
  const client = createHttpClient(options);
  const base = `${endpoint.origin}${endpoint.pathname.replace(/\/+$/, "")}`;
  const shown = `${repository}@${revision}`;

  const send = async (
    url: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Answer> => {
    const token = await options.token();
    return client.send({ url, headers, authorization: token === undefined ? undefined : `Bearer ${token}`, signal });
  };

  const refuse = async (answer: Answer, what: string): Promise<Failure> => {
    await discard(answer.body);
    return refused(answer, what, repository, (await options.token()) !== undefined);
  };

  const look = async (named: string, signal?: AbortSignal): Promise<HubRevision> => {
    const what = `${repository}@${named}`;
    const url = `${base}/api/models/${repository}/revision/${encodeURIComponent(named)}?blobs=true`;
    const answer = await send(url, {}, signal);
    if (answer.status !== 200) throw await refuse(answer, what);
    const json = await readJson(answer, listingBytes, `The listing of ${what}`, limits);
    const found = parseRevision(json, nextQuery(answer.headers["link"], url) !== undefined);
    if (found !== undefined) return found;
    throw noHub(answer, what);
  };

  const listPage = async (url: string, what: string): Promise<TreePage> => {
    const answer = await send(url, {});
    if (answer.status !== 200) throw await refuse(answer, what);
    const files = parseTree(await readJson(answer, listingBytes, `The listing of ${what}`, limits));
    if (files === undefined) throw noHub(answer, what);
    return { files, next: nextQuery(answer.headers["link"], url) };
  };

  const list = async (commit: string, folder: string): Promise<readonly HubFile[]> => {
    const what = `${shown}/${folder}`;
    const path = folder === "" ? "" : `/${encodePath(folder)}`;
    const files = new Map<string, HubFile>();
    const asked = new Set<string>();
    let next: string | undefined = "?recursive=true";
    while (next !== undefined) {
      if (next === "" || asked.has(next) || asked.size === treePages) throw withoutEnd(what);
      asked.add(next);
      const url: string = `${base}/api/models/${repository}/tree/${commit}${path}${next}`;
      const page = await withRetries(() => listPage(url, what), options);
      for (const file of page.files) {
        if (files.has(file.path)) throw withoutEnd(what);
        files.set(file.path, file);
      }
      next = page.next;
    }
    return [...files.values()];
  };

  return {
    resolve: (named) => withRetries(() => look(named), options),

    look,

    list,

    open: (commit, path, at) =>
      openAt(at, {
        // A commit names bytes that never change.
        condition: "none",
        send: (headers) => send(`${base}/${repository}/resolve/${commit}/${encodePath(path)}`, headers),
        refuse: (answer) => refuse(answer, `${shown}/${path}`),
      }),

    close: () => client.close(),
  };
}

interface TreePage {
  readonly files: readonly HubFile[];
  /** Query of the next page; undefined on the last, and empty where it cannot be asked for. */
  readonly next: string | undefined;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function noHub({ host }: Answer, what: string): Failure {
  return failure(
    "SourceUnavailable",
    `${host} does not answer as a Hugging Face Hub does for ${quote(what)}. Check HF_ENDPOINT.`,
  );
}

/** The digest of a folder that is not complete would be recorded for ever. */
function withoutEnd(what: string): Failure {
  return failure(
    "SourceUnavailable",
    `The listing of ${quote(what)} leads in a circle, or nowhere, or has more than ${treePages} pages, so the folder may not be all there. Name the model's own folder or file in the uri.`,
  );
}

/** The Hub says in `X-Error-Code` what it means; it hides private repositories from strangers behind 401. */
function refused(answer: Answer, what: string, repository: string, hasToken: boolean): Failure {
  const header = answer.headers["x-error-code"];
  const code = typeof header === "string" && /^\w{1,64}$/.test(header) ? header : "";
  const [why, whenRefused] =
    code === "GatedRepo"
      ? ["is gated", "Accept its terms on its page, with the account of the token."]
      : hasToken
        ? ["does not exist, or is closed to the token of the source's Secret", "Check both."]
        : [
            "does not exist, or is private",
            "Put a token that may read it as HF_TOKEN into a Secret, and name it in source.secretRef.",
          ];
  return statusFailure({
    ...answer,
    host: `${answer.host}${code === "" ? "" : ` (${code})`}`,
    what: quote(what),
    whenMissing: "Check owner, name, revision and path in the uri.",
    refused: `${quote(repository)} at ${answer.host} ${why}`,
    whenRefused,
  });
}
