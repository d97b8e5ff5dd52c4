import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { CommandError } from "../../cluster/command.ts";
import { createAuthority } from "../fetch/servers/authority.ts";
import { type Bench, eventually, type Json } from "./harness.ts";

/** Denies what `when` says of one kind, until the returned function is called. */
export async function deny(
  bench: Bench,
  plural: string,
  group: string,
  probe: object,
  when: string,
): Promise<() => Promise<void>> {
  const name = `deny-${plural}`;
  const policy = (suffix: string, spec: object): object => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `ValidatingAdmissionPolicy${suffix}`,
    metadata: { name },
    spec,
  });
  const rule = { apiGroups: [group], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: [plural] };
  await bench.apply(
    policy("", {
      matchConstraints: { resourceRules: [rule] },
      matchConditions: [{ name: "it", expression: `object.metadata.name == 'probe' || (${when})` }],
      validations: [{ expression: "false", message: "not here" }],
    }),
  );
  await bench.apply(policy("Binding", { policyName: name, validationActions: ["Deny"] }));
  // The API server takes up a new policy in its own time; the probe is refused once it has.
  const denied = (): Promise<boolean> => isRefused(bench, probe, "not here");
  await eventually("the policy is in force", denied);
  return async () => {
    await bench.plane.kubectl(["delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name]);
    await eventually("the policy is gone", async () => !(await denied()));
  };
}

/** Makes every creation of one kind fail for a webhook that nobody answers, until the returned function is called. */
export async function breakWebhook(
  bench: Bench,
  group: string,
  plural: string,
  probe: object,
): Promise<() => Promise<void>> {
  const name = "away.example.com";
  await bench.apply({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name,
        clientConfig: { url: "https://127.0.0.1:1/" },
        rules: [{ apiGroups: [group], apiVersions: ["v1"], operations: ["CREATE"], resources: [plural] }],
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        timeoutSeconds: 1,
      },
    ],
  });
  const broken = (): Promise<boolean> => isRefused(bench, probe, "failed calling webhook");
  await eventually("the webhook is asked", broken);
  return async () => {
    await bench.plane.kubectl(["delete", "validatingwebhookconfiguration", name]);
    await eventually("the webhook is asked no more", async () => !(await broken()));
  };
}

export function probeOf(apiVersion: string, kind: string, spec: object): object {
  return { apiVersion, kind, metadata: { name: "probe" }, spec };
}

async function isRefused(bench: Bench, probe: object, why: string): Promise<boolean> {
  try {
    await bench.plane.kubectl(["create", "--dry-run=server", "-f", "-"], { input: JSON.stringify(probe) });
    return false;
  } catch (error) {
    if (error instanceof CommandError && error.stderr.includes(why)) return true;
    throw error;
  }
}

/** A patch that admission makes of what is written (RFC 6902). */
export interface Mutation {
  readonly group: string;
  readonly plural: string;
  readonly when: (object: Json) => boolean;
  readonly patch: (object: Json) => readonly object[];
}

/** A real webhook that changes what is written of one kind, until the returned function is called. */
export async function mutate(bench: Bench, mutation: Mutation): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-webhook-"));
  const authority = await createAuthority(directory);
  const [cert, key] = await Promise.all([readFile(authority.certificatePath), readFile(authority.keyPath)]);
  const server = createServer({ cert, key }, (request, response) => {
    json(request).then(
      (review) => response.end(JSON.stringify(answerTo(review as Json, mutation))),
      (error: unknown) => response.destroy(error as Error),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const name = `mutate-${mutation.plural}.example.com`;
  const clientConfig = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    caBundle: Buffer.from(authority.authorityPem).toString("base64"),
  };
  const rule = { apiVersions: ["v1"], operations: ["CREATE", "UPDATE"] };
  await bench.apply({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name,
        clientConfig,
        rules: [
          { ...rule, apiGroups: [mutation.group], resources: [mutation.plural] },
          { ...rule, apiGroups: [""], resources: ["configmaps"] },
        ],
        matchConditions: [
          { name: "it", expression: "request.kind.kind != 'ConfigMap' || object.metadata.name == 'webhook-probe'" },
        ],
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
  // The API server takes it up in its own time.
  await eventually("the webhook is asked", () => isAsked(bench));
  return async () => {
    await bench.plane.kubectl(["delete", "mutatingwebhookconfiguration", name]);
    await eventually("the webhook is asked no more", async () => !(await isAsked(bench)));
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  };
}

const probeName = "webhook-probe";

function answerTo(review: Json, { when, patch }: Mutation): object {
  const { uid, object } = review.request;
  const isProbe = object.metadata.name === probeName;
  const changes = isProbe ? [{ op: "add", path: "/data", value: { asked: "yes" } }] : when(object) ? patch(object) : [];
  const patched =
    changes.length === 0
      ? {}
      : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(changes)).toString("base64") };
  return { apiVersion: review.apiVersion, kind: review.kind, response: { uid, allowed: true, ...patched } };
}

async function isAsked(bench: Bench): Promise<boolean> {
  const probe = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: probeName } };
  const create = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
  const { stdout } = await bench.plane.kubectl(create, { input: JSON.stringify(probe) });
  return JSON.parse(stdout).data?.asked === "yes";
}
