import type { V1Container, V1EnvVar, V1Volume } from "@kubernetes/client-node";
import type { Spec } from "../api/model.ts";
import { wholeBytes } from "../api/quantity.ts";
import { environment, paths } from "../../server/contract.ts";

/** What the init container needs beside the uri: credentials, a claim, bounds. */
export interface SourceParts {
  readonly env: V1EnvVar[];
  readonly volumes: V1Volume[];
  readonly mounts: NonNullable<V1Container["volumeMounts"]>;
}

const credentialsVolume = "credentials";
const claimVolume = "claim";

/** Credentials and claims are mounted here alone: the container that serves never sees them. */
export function sourceParts(uri: string, source: Spec["source"]): SourceParts {
  const env: V1EnvVar[] = [];
  const volumes: V1Volume[] = [];
  const mounts: NonNullable<V1Container["volumeMounts"]> = [];
  if (source?.timeoutSeconds !== undefined) {
    env.push({ name: environment.fetchTimeout, value: String(source.timeoutSeconds) });
  }
  if (source?.sizeLimit !== undefined) {
    env.push({ name: environment.fetchSizeLimit, value: String(wholeBytes(source.sizeLimit)) });
  }
  if (source?.secretRef !== undefined) {
    const secretName = source.secretRef.name;
    env.push({ name: environment.credentialsSecret, value: secretName });
    // Without `optional` a pod waits for a missing Secret in silence, as only an Event of it would tell; with it the init
    // container runs, and reports what is missing. Readable for the group that the pod runs as, and for nobody else.
    volumes.push({ name: credentialsVolume, secret: { secretName, optional: true, defaultMode: 0o440 } });
    mounts.push({ name: credentialsVolume, mountPath: paths.credentialsDirectory, readOnly: true });
  }
  const claim = claimOf(uri);
  if (claim !== undefined) {
    volumes.push({ name: claimVolume, persistentVolumeClaim: { claimName: claim, readOnly: true } });
    mounts.push({ name: claimVolume, mountPath: paths.claimDirectory, readOnly: true });
  }
  return { env, volumes, mounts };
}

/** The claim that a pvc:// uri names; undefined for every other scheme. */
function claimOf(uri: string): string | undefined {
  return /^pvc:\/\/([^/]+)/.exec(uri)?.[1];
}
