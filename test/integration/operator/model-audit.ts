import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kinds } from "../../../operator/api/kinds.ts";

/** The API server's own record of who writes to ModelDeployments. */
export interface ModelAudit {
  /** With these it keeps the record. */
  readonly apiServerArguments: readonly string[];
  writesTo(name: string): Promise<readonly ModelWrite[]>;
  remove(): Promise<void>;
}

export interface ModelWrite {
  readonly agent: string;
  /** The subresource; the object itself is the part "". */
  readonly part: string;
}

interface AuditEvent {
  readonly userAgent?: string;
  readonly objectRef?: { readonly subresource?: string; readonly name?: string };
}

const policy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    {
      level: "Metadata",
      verbs: ["create", "update", "patch", "delete"],
      resources: [{ group: kinds.model.group, resources: [kinds.model.plural, `${kinds.model.plural}/*`] }],
    },
    { level: "None" },
  ],
};

export async function auditModels(): Promise<ModelAudit> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-audit-"));
  const policyFile = join(directory, "policy.json");
  const log = join(directory, "audit.log");
  await writeFile(policyFile, JSON.stringify(policy));
  return {
    apiServerArguments: [`--audit-policy-file=${policyFile}`, `--audit-log-path=${log}`],
    async writesTo(name) {
      const lines = (await readFile(log, "utf8")).trim().split("\n");
      return lines
        .map((line) => JSON.parse(line) as AuditEvent)
        .filter(({ objectRef }) => objectRef?.name === name)
        .map(({ userAgent, objectRef }) => ({ agent: userAgent ?? "", part: objectRef?.subresource ?? "" }));
    },
    remove: () => rm(directory, { recursive: true }),
  };
}

export function isOurs({ agent }: ModelWrite): boolean {
  return agent === "slipway-operator";
}
