/** What runs a version, as its pods tell, where that is not known without them. */
import type { VersionStatus } from "../../api/model.ts";
import { needsGpuImage, providersOf } from "../../build/providers.ts";
import { providers } from "../../../server/contract.ts";
import { type Fleet, inputsOf } from "../pods/fleet.ts";
import type { Observed } from "../observed.ts";

const separator = ", ";

/**
 * `cuda`, or `cuda, cpu` where pods differ, in the order of {@link providers}. Undefined where the revision was made for
 * the CPU alone, and while nobody has told. Pods are asked one after the other: until the last has told, what the status says
 * of the same revision stands beside it, so that an operator which has just started, and has asked nobody, writes nothing.
 * The word of a pod that is not ready now stands, too: one that comes and goes would be written, and told of, each time.
 */
export function versionProvider(
  observed: Observed,
  { revision, pods }: Fleet,
  before: VersionStatus | undefined,
): string | undefined {
  const { server, gpu } = inputsOf(observed, revision);
  if (!needsGpuImage(providersOf(server?.session, gpu))) return undefined;
  const told = pods.flatMap(({ ready, provider }) => (ready || provider !== undefined ? [provider] : []));
  const isComplete = told.length > 0 && !told.includes(undefined);
  const known = isComplete || before?.revision !== revision ? [] : providersIn(before.provider);
  const named = providers.filter((name) => told.includes(name) || known.includes(name));
  return named.length === 0 ? undefined : named.join(separator);
}

/** A version that was to run on something else first has pods on the CPU. */
export function fellBack(version: VersionStatus | undefined): boolean {
  return providersIn(version?.provider).includes("cpu");
}

function providersIn(provider: string | undefined): readonly string[] {
  return provider?.split(separator) ?? [];
}
