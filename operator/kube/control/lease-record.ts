import type { KubeObject, Resource } from "../transport/resources.ts";

export const leases: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };

/** coordination.k8s.io/v1 Lease, as far as an election uses it. Without a holder it is free. */
export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    /** How often the holder has changed. */
    readonly leaseTransitions?: number;
  };
}

export interface Claim {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** Wall clock; for people only, nobody decides by it. */
  readonly now: number;
}

/** The Lease to write when `identity` takes or renews it; the metadata of `known` makes the write conditional. */
export function claim({ namespace, name, identity, leaseDurationMs, now }: Claim, known: Lease | undefined): object {
  const ours = known?.spec?.holderIdentity === identity;
  const time = microTime(now);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: known?.metadata ?? { name, namespace },
    spec: {
      ...known?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: ours ? (known?.spec?.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: (known?.spec?.leaseTransitions ?? 0) + (ours || known === undefined ? 0 : 1),
    },
  };
}

/** The Lease to write when its holder gives it back; a short duration, should a reader overlook that nobody holds it. */
export function waive(held: Lease, now: number): object {
  const spec = { ...held.spec, holderIdentity: undefined, leaseDurationSeconds: 1, renewTime: microTime(now) };
  return { ...held, spec };
}

/** How long after its last renewal the Lease keeps `identity` out: 0 when it is free, or its own already. */
export function heldForMs(lease: Lease, identity: string, usualMs: number): number {
  const holder = lease.spec?.holderIdentity ?? "";
  if (holder === "" || holder === identity) return 0;
  return lease.spec?.leaseDurationSeconds === undefined ? usualMs : lease.spec.leaseDurationSeconds * 1000;
}

/** metav1.MicroTime wants exactly six digits after the point. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
