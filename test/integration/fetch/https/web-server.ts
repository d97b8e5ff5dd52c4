/** A web server with a model, for the tests of one file. */
import { after, beforeEach } from "node:test";
import { paddedModel } from "../models.ts";
import { type Fetched, fetching, type FetchingOptions, restless } from "../fetching.ts";
import { type FileServer, startFileServer } from "../servers/file-server.ts";

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
