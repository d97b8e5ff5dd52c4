import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type FileServer, type Running, sendFile, serve, startFileServer } from "./file-server.ts";

export interface HubRepository {
  /** By commit, the files that it holds. */
  readonly commits: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>;
  /** Branches and tags, and the commit of each. */
  readonly references: Readonly<Record<string, string>>;
  readonly access?: "private" | "gated";
  /** Status and `X-Error-Code` for revisions that there are not. */
  readonly unknown?: readonly [status: number, code: string];
  /** Files that are listed and not there: `commit/path`, as a history leaves them that was squashed. */
  readonly lost?: readonly string[];
  /** Names of files that the answer about a revision gives at most, without a word on the others. */
  readonly siblings?: number;
  /** What the `Link` of a tree's page names as the next one, in place of the page that follows. */
  readonly next?: string;
}

export interface HubServer extends Running {
  readonly repositories: Map<string, HubRepository>;
  /** Where large files lie, as on the Hub's storage: another host, which must not see the token. */
  readonly storage: FileServer;
  /** Paths that were asked for. */
  readonly seen: readonly string[];
}

export const hubToken = "hf_of_a_member_of_the_team";
/** Where the Hub starts to keep files in its storage; its own bound is larger. */
const largeBytes = 10_000;
/** Entries on a page of a tree; the Hub gives a thousand. */
const treeEntries = 3;

/**
 * The public routes of the Hugging Face Hub that a download needs, as its Hub API documentation and the answers of its
 * clients' tests have them. That the routes are the Hub's own is checked with the Hub's own client (`hub.test.ts`).
 */
export async function startHubServer(): Promise<HubServer> {
  const repositories = new Map<string, HubRepository>();
  const seen: string[] = [];
  const storage = await startFileServer();
  const running = await serve((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    seen.push(url.pathname);
    const api = /^\/api\/models\/([^/]+\/[^/]+)(?:\/revision\/([^/]+))?$/.exec(url.pathname);
    const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)(?:\/(.+))?$/.exec(url.pathname);
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const [, name = "", revision = "main", path = ""] = api ?? tree ?? file ?? [];
    const repository = repositories.get(name);
    const refusal = access(repository, request.headers.authorization);
    if (repository === undefined || refusal !== undefined) {
      refuse(response, refusal?.status ?? 404, refusal?.code ?? "RepoNotFound");
      return;
    }
    const wanted = decodeURIComponent(revision);
    const commit = wanted in repository.commits ? wanted : repository.references[wanted];
    const files = commit === undefined ? undefined : repository.commits[commit];
    if (commit === undefined || files === undefined)
      refuse(response, ...(repository.unknown ?? ([404, "RevisionNotFound"] as const)));
    else if (api !== null) {
      response.setHeader("content-type", "application/json");
      const some = Object.entries(files).slice(0, repository.siblings);
      response.end(JSON.stringify(description(name, commit, some, url.searchParams.has("blobs"))));
    } else if (tree !== null) sendTree(url, response, files, decodeURIComponent(path), repository.next);
    else {
      const asked = decodeURIComponent(path);
      const isLost = repository.lost?.includes(`${commit}/${asked}`) === true;
      sendContent(request, response, commit, isLost ? undefined : files[asked]);
    }
  });

  const sendContent = (
    request: IncomingMessage,
    response: ServerResponse,
    commit: string,
    content: Uint8Array | undefined,
  ): void => {
    if (content === undefined) {
      refuse(response, 404, "EntryNotFound");
      return;
    }
    response.setHeader("x-repo-commit", commit);
    if (content.byteLength < largeBytes) {
      void sendFile(request, response, { content });
      return;
    }
    const stored = `/blobs/${hash(content)}`;
    storage.files.set(stored, { content });
    response.setHeader("x-linked-size", content.byteLength);
    response.setHeader("x-linked-etag", `"${hash(content)}"`);
    response.writeHead(302, { location: `${storage.origin}${stored}?Signature=of-the-storage` }).end();
  };

  return {
    ...running,
    repositories,
    storage,
    seen,
    async close() {
      await storage.close();
      await running.close();
    },
  };
}

/** Strangers are told that what they may not see is not there, with 401 so that they may log in. */
function access(
  repository: HubRepository | undefined,
  authorization: string | undefined,
): { readonly status: number; readonly code: string } | undefined {
  const isMember = authorization === `Bearer ${hubToken}`;
  if (authorization !== undefined && !isMember) return { status: 401, code: "" };
  if (repository === undefined) return { status: isMember ? 404 : 401, code: "RepoNotFound" };
  if (repository.access === "gated" && !isMember) return { status: 401, code: "GatedRepo" };
  return repository.access === "private" && !isMember ? { status: 401, code: "RepoNotFound" } : undefined;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  if (code !== "") response.setHeader("x-error-code", code);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: code }));
}

/** Files and folders at and below a folder, a page of them, and in `Link` where the next one is. */
function sendTree(
  url: URL,
  response: ServerResponse,
  files: Readonly<Record<string, Uint8Array>>,
  folder: string,
  next: string | undefined,
): void {
  const below = Object.keys(files).filter((path) => folder === "" || path.startsWith(`${folder}/`));
  if (below.length === 0) {
    refuse(response, 404, "EntryNotFound");
    return;
  }
  const folders = new Set(below.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))));
  const entries: readonly TreeEntry[] = [
    ...[...folders].map((path): TreeEntry => ({ type: "directory", path, size: 0 })),
    ...below.map((path) => treeFile(path, files[path] ?? Buffer.alloc(0))),
  ].filter(({ path }) => path.length > folder.length);
  const from = Number(url.searchParams.get("cursor") ?? "0");
  const following = new URLSearchParams(url.search);
  following.set("cursor", String(from + treeEntries));
  // As behind a proxy: by the name that the Hub has for itself.
  const link = next ?? `https://hub.invalid${url.pathname}?${following.toString()}`;
  if (from + treeEntries < entries.length) response.setHeader("link", `<${link}>; rel="next"`);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(entries.slice(from, from + treeEntries)));
}

function treeFile(path: string, content: Uint8Array): TreeEntry {
  const size = content.byteLength;
  const lfs = size < largeBytes ? {} : { lfs: { oid: hash(content), size, pointerSize: 134 } };
  return { type: "file", path, size, ...lfs };
}

interface TreeEntry {
  readonly type: "file" | "directory";
  readonly path: string;
  readonly size: number;
}

function description(
  name: string,
  sha: string,
  files: readonly (readonly [string, Uint8Array])[],
  blobs: boolean,
): Readonly<Record<string, unknown>> {
  const siblings = files.map(([rfilename, content]) => ({
    rfilename,
    ...(blobs ? { size: content.byteLength, ...large(content) } : {}),
  }));
  const common = { _id: "0", likes: 0, downloads: 0, tags: [], createdAt: "2026-11-24T08:00:00.000Z" };
  return {
    ...common,
    id: name,
    modelId: name,
    sha,
    private: false,
    gated: false,
    lastModified: common.createdAt,
    siblings,
  };
}

function large(content: Uint8Array): Readonly<Record<string, unknown>> {
  if (content.byteLength < largeBytes) return {};
  return { lfs: { sha256: hash(content), size: content.byteLength, pointerSize: 134 } };
}

function hash(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
