import { request } from "node:https";
import type { ControlPlane } from "../../cluster/control-plane.ts";

export interface PatchAnswer {
  readonly status: number;
  /** The API server's words when it refuses. */
  readonly message: string;
}

const answerTimeoutMs = 10_000;

/**
 * A JSON merge patch, under another user's name if one is given. `kubectl patch --as` would first read the object,
 * which the operator may not, so its refusal would say nothing about the patch.
 */
export function mergePatch(plane: ControlPlane, path: string, patch: object, user?: string): Promise<PatchAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PatchAnswer>();
  const sent = request(
    `${plane.server}${path}`,
    {
      method: "PATCH",
      ca: plane.caPem,
      agent: false,
      timeout: answerTimeoutMs,
      headers: {
        authorization: `Bearer ${plane.token}`,
        "content-type": "application/merge-patch+json",
        ...(user === undefined ? {} : { "impersonate-user": user }),
      },
    },
    (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("error", reject);
      response.on("end", () => {
        const { message } = JSON.parse(body) as { readonly message?: string };
        resolve({ status: response.statusCode ?? 0, message: message ?? "" });
      });
    },
  );
  sent.on("timeout", () => sent.destroy(new Error(`PATCH ${path}: no answer in ${answerTimeoutMs} ms`)));
  sent.on("error", reject);
  sent.end(JSON.stringify(patch));
  return promise;
}
