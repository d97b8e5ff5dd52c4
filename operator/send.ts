import { isJsonObject } from "./api/json.ts";
import type { Model } from "./api/model.ts";
import { fieldManager } from "./api/names.ts";
import type { Client, Manifest } from "./kube/transport/client.ts";
import { keyOf, type KubeObject } from "./kube/transport/resources.ts";
import type { Staleness } from "./kube/watch/staleness.ts";
import type { Write } from "./plan/children/children.ts";

export interface SendInputs {
  readonly client: Client;
  readonly staleness: Staleness;
  readonly signal: AbortSignal;
}

/**
 * A field that the API server does not know is told, not dropped: a misspelt one of those that the spec hands on as they
 * are (podTemplate, scaling.behavior, networkPolicy.from), or one that this Kubernetes is too old for. Dropped, it would
 * be missing in the child ever after, as if somebody kept taking it away.
 */
const fieldValidation = "Strict";

/** The answer: the object as it is then; undefined after a delete. */
export async function send(model: Model, write: Write, inputs: SendInputs): Promise<KubeObject | undefined> {
  const { client, staleness, signal } = inputs;
  const { namespace } = model.metadata;
  const owner = keyOf(namespace, model.metadata.name);
  switch (write.verb) {
    case "create": {
      const written = await client.create<KubeObject>(write.kind, write.body as unknown as Manifest, {
        fieldManager,
        fieldValidation,
        signal,
      });
      staleness.wrote(owner, write.kind, written);
      return written;
    }
    case "patch": {
      // The uid in the body is a precondition: a stranger that took the name meanwhile is not touched.
      const metadata = isJsonObject(write.body["metadata"]) ? write.body["metadata"] : {};
      const body = { ...write.body, metadata: { ...metadata, uid: write.uid } };
      const options = { type: "merge", fieldManager, fieldValidation, signal } as const;
      const written = await client.patch<KubeObject>(write.kind, namespace, write.name, body, options);
      staleness.wrote(owner, write.kind, written);
      return written;
    }
    case "delete": {
      const options = { uid: write.uid, propagationPolicy: "Background", signal } as const;
      await client.remove(write.kind, namespace, write.name, options);
      staleness.removed(owner, write.kind, namespace, write.name, write.uid);
      return undefined;
    }
  }
}
