/** A server with the routes of the Hub and some repositories, for the tests of one file. */
import { createHash } from "node:crypto";
import { after, beforeEach } from "node:test";
import { type Fetched, fetching, type FetchingOptions } from "../fetching.ts";
import { type HubServer, startHubServer } from "../servers/hub-server.ts";
import { externalDataModel, paddedModel } from "../models.ts";

export const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20, 20, 20] };

export const mebibyte = 1024 ** 2;

export const [first, second] = [paddedModel(3 * mebibyte), paddedModel(3 * mebibyte)];

export const commits = { old: commitOf("old"), fresh: commitOf("fresh") };

export const folder = externalDataModel("model.onnx_data");

export const small = paddedModel(1000);

export const hub: HubServer = await startHubServer();

after(() => hub.close());

beforeEach(() => {
  hub.repositories.clear();
  hub.repositories.set("team/direction", {
    commits: {
      [commits.old]: { "README.md": Buffer.from("# old"), "model.onnx": first },
      [commits.fresh]: {
        "README.md": Buffer.from("# fresh"),
        "model.onnx": second,
        "onnx/model.onnx": folder["model.onnx"] ?? Buffer.alloc(0),
        "onnx/model.onnx_data": folder["model.onnx_data"] ?? Buffer.alloc(0),
        "small/größe & 50%.onnx": small,
      },
    },
    references: { main: commits.fresh, "v1.0": commits.old, "refs/pr/1": commits.old },
  });
  for (const access of ["private", "gated"] as const) {
    const files = { "model.onnx": first };
    hub.repositories.set(`team/${access}`, {
      commits: { [commits.old]: files },
      references: { main: commits.old },
      access,
    });
  }
});

export function fetchModel(
  path: string,
  { endpoint = hub, ...options }: FetchingOptions & { readonly endpoint?: { readonly host: string } } = {},
): Promise<Fetched> {
  return fetching(
    {
      SLIPWAY_MODEL_URI: `hf://${path}`,
      SLIPWAY_PLAIN_HTTP_HOSTS: `${hub.host},${hub.storage.host},${endpoint.host}`,
      HF_ENDPOINT: `http://${endpoint.host}`,
    },
    { limits: impatient, ...options },
  );
}

function commitOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
