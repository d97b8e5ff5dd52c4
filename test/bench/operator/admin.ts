import { Pool } from "undici";
import type { AdminCredentials } from "../../cluster/control-plane-files.ts";

/** Metadata of any object; `status` only where whole objects were asked for. */
export interface Item {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface ItemEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Item;
}

/** The one client that makes the load, is the floor and sees what comes of it: lean, so that the floor is a hard one. */
export interface Admin {
  /** Parsed answer; throws on any other than 2xx. */
  call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: string): Promise<unknown>;
  /** Events from the collection's present state on, until `close`. `whole`: with spec and status. */
  follow(path: string, whole: boolean, onEvent: (event: ItemEvent) => void): Promise<void>;
  close(): Promise<void>;
}

/** As the neutral driver: more would only wait in the API server. */
const connections = 32;

const metadataOnly = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`;

export function createAdmin(server: string, { caPem, certificatePem, keyPem }: AdminCredentials): Admin {
  const connect = { ca: caPem, cert: certificatePem, key: keyPem };
  const requests = new Pool(server, { connections, connect, allowH2: false });
  const watches = new Pool(server, { connect, allowH2: false, bodyTimeout: 0, headersTimeout: 0 });
  let failed: Error | undefined;

  const call: Admin["call"] = async (method, path, body) => {
    if (failed !== undefined) throw failed;
    const headers = {
      accept: "application/json",
      "user-agent": "slipway-bench",
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const answer = await requests.request({ method, path, headers, body: body ?? null });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return JSON.parse(text);
  };

  const open = async (path: string, whole: boolean, from: string | undefined): Promise<AsyncIterable<Buffer>> => {
    const accept = whole ? "application/json" : metadataOnly("PartialObjectMetadata");
    const start =
      from === undefined ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan" : `resourceVersion=${from}`;
    const answer = await watches.request({
      method: "GET",
      path: `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=36000&${start}`,
      headers: { accept, "user-agent": "slipway-bench" },
    });
    if (answer.statusCode === 200) return answer.body;
    throw new Error(`watch ${path}: ${answer.statusCode} ${await answer.body.text()}`);
  };

  /** The API server ends a watch whose reader falls behind; the next one goes on from where it was, until close(). */
  const followOn = async (
    path: string,
    whole: boolean,
    onEvent: (event: ItemEvent) => void,
    onSynced: () => void,
  ): Promise<void> => {
    let from: string | undefined;
    for (;;) {
      await readLines(await open(path, whole, from), ({ type, object }) => {
        if (type === "ERROR") throw new Error(`watch ${path}: ${JSON.stringify(object)}`);
        from = object.metadata.resourceVersion;
        if (type === "BOOKMARK") onSynced();
        else onEvent({ type, object });
      });
    }
  };

  return {
    call,
    follow: (path, whole, onEvent) =>
      new Promise((resolve, reject) => {
        followOn(path, whole, onEvent, resolve).catch((error: unknown) => {
          failed ??= error instanceof Error ? error : new Error(String(error));
          reject(failed);
        });
      }),
    close: async () => {
      failed = new Error("closed");
      await Promise.all([requests.destroy(), watches.destroy()]);
    },
  };
}

type Line =
  | { readonly type: ItemEvent["type"] | "BOOKMARK"; readonly object: Item }
  | { readonly type: "ERROR"; readonly object: object };

/** Lines of JSON as they come. */
async function readLines(body: AsyncIterable<Buffer>, onLine: (line: Line) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(JSON.parse(line) as Line);
  }
}
