import { conditionsOf } from "../../api/conditions.ts";
import type { Status, VersionStatus } from "../../api/model.ts";
import { selectorText } from "../../api/names.ts";
import { serviceUrl } from "../../build/service.ts";
import { countedPods } from "../pods/counted-pods.ts";
import { type Facts, factsOf, type StatusInputs } from "./facts.ts";
import { findings } from "./findings.ts";
import { lastFailure } from "./last-failure.ts";
import { fleetOfVersion, isAlive } from "../pods/fleet.ts";
import { versionProvider } from "./version-provider.ts";

/** The CRD's bound. The spec has at most half as many, so that only versions long gone from it can be left out. */
const mostVersions = 64;

/** The whole status, as it is written when it differs from the one that is there. */
export function statusOf(inputs: StatusInputs): Status {
  const facts = factsOf(inputs);
  const { observed, decision, target } = inputs;
  const { metadata, spec } = observed.model;
  const failure = lastFailure(facts);
  return {
    observedGeneration: metadata.generation,
    conditions: conditionsOf(findings(facts), facts.before?.conditions, metadata.generation, observed.now),
    ...(facts.currentVersion === undefined ? {} : { currentVersion: facts.currentVersion }),
    ...(decision.current === undefined ? {} : { currentRevision: decision.current }),
    targetVersion: target.version,
    targetRevision: target.revision,
    replicas: facts.selected,
    readyReplicas: facts.ready,
    selector: selectorText(metadata.name, decision.selector),
    url: serviceUrl(metadata, spec.service),
    versions: versionsOf(facts),
    ...(decision.progress === undefined ? {} : { rollout: decision.progress }),
    ...(decision.previous === undefined ? {} : { previous: decision.previous }),
    ...(decision.rejected === undefined ? {} : { rejected: decision.rejected }),
    ...(failure === undefined ? {} : { lastFailure: failure }),
    ...(inputs.drift.length === 0 ? {} : { drift: inputs.drift }),
  };
}

function versionsOf(facts: Facts): VersionStatus[] {
  const { observed, fleets, decision, digests, ready, before } = facts;
  const alive = [...fleets.values()].filter(isAlive);
  const names = new Set([
    ...observed.model.spec.versions.map(({ name }) => name),
    ...alive.map(({ version }) => version),
  ]);
  return [...names].slice(0, mostVersions).map((name) => {
    const own = alive.filter((fleet) => fleet.version === name);
    const inService = own.filter(
      ({ revision }) => decision.selector.kind === "shared" || decision.selector.revision === revision,
    );
    const newest = fleetOfVersion(fleets, name, facts.target.revision);
    const digest = Object.hasOwn(digests, name) ? digests[name] : undefined;
    // Also when its Deployment is only being made in this pass: to say so in the next one would be a write of its own.
    const begun = name === facts.target.version && (decision.replicas.get(facts.target.revision) ?? 0) > 0;
    const revision = newest?.revision ?? (begun ? facts.target.revision : undefined);
    const known = before?.versions?.find((version) => version.name === name);
    const provider = newest && versionProvider(observed, newest, known);
    return {
      name,
      ...(digest === undefined ? {} : { digest }),
      ...(revision === undefined ? {} : { revision }),
      ...(provider === undefined ? {} : { provider }),
      ...(newest?.report?.warning === undefined ? {} : { warning: newest.report.warning }),
      replicas: sum(own.map(({ pods }) => countedPods(pods, observed.now).length)),
      readyReplicas: sum(own.map((fleet) => fleet.ready)),
      weight: ready === 0 ? 0 : Math.round((100 * sum(inService.map((fleet) => fleet.ready))) / ready),
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
