import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment as names, type FetchReport, type PodReport } from "../../server/contract.ts";
import { variableKeys } from "../../server/fetch/sources/credentials.ts";
import { runFetch } from "../../server/fetch/fetch.ts";
import type { Access } from "../access.ts";
import { failed } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { readDockerConfig } from "../oci/docker-config.ts";
import { startProgress } from "../text/progress.ts";
import { fetchComplaint } from "./fetch-complaint.ts";

/** A model that was downloaded into a folder of this machine, until `remove` is called. */
export interface FetchedModel {
  readonly directory: string;
  /** What the pod would report of it. */
  readonly report: FetchReport;
  readonly remove: () => Promise<void>;
}

/** Whether an operand is a uri, of whatever scheme, and not a path. */
export function isUri(operand: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//.test(operand);
}

/**
 * Downloads and checks a model exactly as the init container of a pod does, every kind of source included. Throws a
 * complaint with what the pod would report.
 */
export async function fetchModel(uri: string, access: Access, edge: Edge): Promise<FetchedModel> {
  if (uri.startsWith("pvc:")) throw failed(claimAdvice);
  const root = await mkdtemp(join(tmpdir(), "slipway-"));
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true });
  const progress = startProgress(edge, `fetching ${uri}`, undefined);
  try {
    const directory = join(root, "model");
    const reportFile = join(root, "report");
    await writeFile(reportFile, "");
    await writeCredentials(join(root, "credentials"), access, edge);
    await runFetch(
      {
        ...edge.variables,
        [names.modelName]: "model",
        [names.modelVersion]: "v1",
        [names.modelUri]: uri,
        [names.modelDirectory]: directory,
        [names.terminationMessage]: reportFile,
        [names.credentialsDirectory]: join(root, "credentials"),
        [names.plainHttpHosts]: access.plainHttp ? plainHosts(uri, edge).join(",") : "",
        [names.certificateAuthority]: access.certificateAuthority ?? "",
      },
      {
        limits: patient,
        signal: edge.interrupted,
        now: edge.now,
        log: silent,
        onBytes: progress.add,
        onTotal: progress.expect,
      },
    );
    const report = JSON.parse(await readFile(reportFile, "utf8")) as PodReport;
    if (report.ok && report.stage === "Download") return { directory, report, remove };
    throw failed(report.ok ? `${uri} was not fetched` : fetchComplaint(report.message, uri, access));
  } catch (error) {
    await remove();
    throw error;
  } finally {
    progress.end();
  }
}

const claimAdvice =
  "pvc:// is a PersistentVolumeClaim, which can only be read in its cluster: name a copy of the model on this machine, for example one that `kubectl cp` makes";

/** Whoever waits in a terminal sees that nothing comes, and can end it. */
const patient = { fruitlessMilliseconds: Infinity, fruitlessWaitMilliseconds: Infinity };

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The uri's own host, and those that a bucket or a model of the Hub is read from instead. */
function plainHosts(uri: string, { variables }: Pick<Edge, "variables">): string[] {
  const places = [uri, variables["AWS_ENDPOINT_URL"], variables["HF_ENDPOINT"]];
  return places.flatMap((place) => /^[a-z0-9+.-]+:\/\/([a-z0-9.:[\]-]+)/i.exec(place ?? "")?.[1]?.toLowerCase() ?? []);
}

/** What a person has at hand, one file a key, as a mounted Secret shows itself; readable by this user alone. */
async function writeCredentials(directory: string, { credentials }: Access, { variables }: Edge): Promise<void> {
  const keys: Record<string, string | undefined> = {
    ...Object.fromEntries(variableKeys.map((name) => [name, variables[name]])),
    ...(credentials === undefined
      ? { ".dockerconfigjson": await readDockerConfig(variables) }
      : { username: credentials.username, password: credentials.password }),
  };
  await mkdir(directory, { mode: 0o700 });
  for (const [key, value] of Object.entries(keys)) {
    if (value !== undefined) await writeFile(join(directory, key), value, { mode: 0o600 });
  }
}
