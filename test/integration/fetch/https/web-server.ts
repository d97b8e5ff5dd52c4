/** A web server with a model, for the tests of one file. */
import { after, beforeEach } from "node:test";
import { paddedModel } from "../models.ts";
import { type Fetched, fetching, type FetchingOptions } from "../fetching.ts";
import { type FileServer, startFileServer } from "../servers/file-server.ts";

/** Tries again as soon as a test may ask for; how long a server may be silent is as in a pod. */
export const restless = { retryDelaysMilliseconds: [20, 20, 20] };

/** For servers that are silent for good: one that is only slow, as on a busy machine, would be taken for silent, too. */
export const impatient = { ...restless, idleMilliseconds: 400 };

export const mebibyte = 1024 ** 2;

export const model = paddedModel(3 * mebibyte);

export const server: FileServer = await startFileServer();

after(() => server.close());

beforeEach(() => {
  server.files.clear();
  server.files.set("/models/direction.onnx", { content: model });
});

export function fetchPath(path: string, options: FetchingOptions = {}, host = server.host): Promise<Fetched> {
  return fetching(
    { SLIPWAY_MODEL_URI: `http://${host}${path}`, SLIPWAY_PLAIN_HTTP_HOSTS: `${server.host},${host}` },
    { limits: restless, ...options },
  );
}

export function silent(): void {}
