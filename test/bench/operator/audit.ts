import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

/** kube-apiserver's audit policy: everything of one user, and nothing of anybody else. */
export function auditPolicy(user: string): object {
  return {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata", users: [user] }, { level: "None" }],
  };
}

interface AuditEvent {
  readonly verb: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly objectRef?: { readonly resource: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code: number };
}

/** Requests of the operator, lease renewals and watches apart. */
export interface Counts {
  readonly lists: number;
  readonly gets: number;
  readonly dryRuns: number;
  readonly writes: number;
  readonly watches: number;
  readonly leases: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** By verb and resource, such as `create apps/deployments`. */
  readonly byCall: Readonly<Record<string, number>>;
}

export interface Audit {
  /** Requests since the last call of `start`. */
  counts(): Counts;
  start(): void;
  /** Milliseconds since the last request that counts was seen, by this process's clock. */
  quietMs(): number;
}

export function followAudit(file: string): Audit {
  let offset = 0;
  let rest = "";
  let lastAt = performance.now();
  let tally = emptyTally();

  const take = (event: AuditEvent): void => {
    const { verb, stage, requestURI, objectRef, responseStatus } = event;
    if (stage !== (verb === "watch" ? "ResponseStarted" : "ResponseComplete")) return;
    const what = [objectRef?.resource ?? requestURI, objectRef?.subresource].filter(Boolean).join("/");
    const isDryRun = requestURI.includes("dryRun=");
    const call = `${verb} ${what}${isDryRun ? " (dry run)" : ""}`;
    tally.byCall[call] = (tally.byCall[call] ?? 0) + 1;
    const code = responseStatus?.code ?? 0;
    if (code >= 400) tally.refusals[`${code} ${call}`] = (tally.refusals[`${code} ${call}`] ?? 0) + 1;
    if (what === "leases") tally.leases += 1;
    else if (verb === "watch") tally.watches += 1;
    else {
      lastAt = performance.now();
      if (verb === "list") tally.lists += 1;
      else if (verb === "get") tally.gets += 1;
      else if (isDryRun) tally.dryRuns += 1;
      else tally.writes += 1;
    }
  };

  const poll = (): void => {
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return;
    const descriptor = openSync(file, "r");
    const bytes = Buffer.alloc(fstatSync(descriptor).size - offset);
    offset += readSync(descriptor, bytes, 0, bytes.length, offset);
    closeSync(descriptor);
    const lines = (rest + bytes.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line) as AuditEvent);
  };

  return {
    counts: () => {
      poll();
      return { ...tally, refusals: { ...tally.refusals }, byCall: { ...tally.byCall } };
    },
    start: () => {
      poll();
      tally = emptyTally();
      lastAt = performance.now();
    },
    quietMs: () => {
      poll();
      return performance.now() - lastAt;
    },
  };
}

function emptyTally() {
  const refusals: Record<string, number> = {};
  const byCall: Record<string, number> = {};
  return { lists: 0, gets: 0, dryRuns: 0, writes: 0, watches: 0, leases: 0, refusals, byCall };
}
