import { CommandError } from "../../cluster/command.ts";
import { type Bench, eventually } from "./harness.ts";

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
