import type {
  V1Container,
  V1EnvVar,
  V1PodTemplateSpec,
  V1Probe,
  V1ResourceRequirements,
  V1SecurityContext,
} from "@kubernetes/client-node";
import type { Spec } from "../api/model.ts";
import { containers, pinKey, revisionLabels, versionsName } from "../api/names.ts";
import { placement } from "./placement.ts";
import { providersOf } from "./providers.ts";
import { type SourceParts, sourceParts } from "./source.ts";
import { annotations, commands, environment, paths, portNames, ports } from "../../server/contract.ts";

/** What a pod template is rendered from, once, when the revision is first made. */
export interface TemplateInputs {
  readonly model: string;
  readonly revision: string;
  readonly version: { readonly name: string; readonly uri: string; readonly digest?: string };
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly resources: V1ResourceRequirements | undefined;
  readonly session: NonNullable<Spec["server"]>["session"];
  readonly corsOrigins: readonly string[] | undefined;
  readonly batching: NonNullable<Spec["server"]>["batching"];
  readonly source: Spec["source"];
  readonly gpu: Spec["gpu"];
  readonly placement: Spec["placement"];
  readonly plainHttpHosts: readonly string[];
  readonly certificateAuthority: string;
  readonly proxy: ModelProxy;
}

/** By which the hosts of models are reached; empty is not at all. */
export interface ModelProxy {
  /** URL for `http://`. */
  readonly http: string;
  /** URL for `https://`. */
  readonly https: string;
  /** Hosts that are reached without it. */
  readonly exceptions: readonly string[];
}

/** Any number but 0 does; 65532 is what distroless images call nonroot. */
const nonRoot = 65532;
/** Drain time of the server plus the longest prediction it finishes. */
const terminationGracePeriodSeconds = 60;

/** Of a container that died without a report (a native crash), the end of its log tells what can be told. */
const terminationMessagePolicy = "FallbackToLogsOnError";

const modelVolume = "model";
const packedVolume = "packed";
const podVolume = "pod";

/**
 * The pod of a revision, under the restricted Pod Security Standard. Only the init container knows where the model
 * comes from; the server sees a read-only folder and has no API token.
 */
export function podTemplate(inputs: TemplateInputs): V1PodTemplateSpec {
  const source = sourceParts(inputs.version.uri, inputs.source);
  return {
    // No annotations, said aloud: one that appears, such as that of `kubectl rollout restart`, is taken away again.
    metadata: { labels: revisionLabels(inputs.model, inputs.revision, inputs.version.name), annotations: {} },
    spec: {
      ...placement(inputs.model, inputs.revision, inputs.placement, inputs.gpu),
      ...(inputs.source?.serviceAccountName === undefined
        ? {}
        : { serviceAccountName: inputs.source.serviceAccountName }),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: nonRoot,
        runAsGroup: nonRoot,
        fsGroup: nonRoot,
        seccompProfile: { type: "RuntimeDefault" },
      },
      initContainers: [fetchContainer(inputs, source)],
      containers: [serverContainer(inputs)],
      volumes: [
        { name: modelVolume, emptyDir: {} },
        ...source.volumes,
        { name: packedVolume, emptyDir: {} },
        { name: podVolume, downwardAPI: { items: [serviceFile()] } },
      ],
    },
  };
}

function fetchContainer(inputs: TemplateInputs, source: SourceParts): V1Container {
  const env: V1EnvVar[] = [
    ...identity(inputs),
    { name: environment.modelUri, value: literal(inputs.version.uri) },
    ...optional(environment.modelDigest, inputs.version.digest),
    recorded(environment.recordedDigest, inputs.model, inputs.version.name),
    recorded(environment.recordedPin, inputs.model, pinKey(inputs.version.name)),
    ...optional(environment.plainHttpHosts, inputs.plainHttpHosts.join(",")),
    ...optional(environment.certificateAuthority, inputs.certificateAuthority),
    ...optional(environment.httpProxy, inputs.proxy.http),
    ...optional(environment.httpsProxy, inputs.proxy.https),
    ...optional(environment.noProxy, inputs.proxy.exceptions.join(",")),
    ...source.env,
  ];
  return {
    name: containers.fetch,
    image: inputs.image,
    args: [commands.fetch],
    env,
    ...(inputs.resources === undefined ? {} : { resources: inputs.resources }),
    terminationMessagePolicy,
    securityContext: restricted(),
    volumeMounts: [{ name: modelVolume, mountPath: paths.modelDirectory }, ...source.mounts],
  };
}

function serverContainer(inputs: TemplateInputs): V1Container {
  return {
    name: containers.server,
    image: inputs.image,
    args: [commands.serve],
    env: [
      ...identity(inputs),
      {
        name: environment.cpuLimit,
        valueFrom: { resourceFieldRef: { containerName: containers.server, resource: "limits.cpu", divisor: "1" } },
      },
      { name: environment.packedDirectory, value: paths.packedDirectory },
      {
        name: environment.diskLimit,
        valueFrom: {
          resourceFieldRef: { containerName: containers.server, resource: "limits.ephemeral-storage", divisor: "1" },
        },
      },
      ...optional(environment.workers, inputs.session?.workers?.toString()),
      ...optional(environment.intraOpThreads, inputs.session?.intraOpThreads?.toString()),
      ...optional(environment.loneIntraOpThreads, inputs.session?.loneIntraOpThreads?.toString()),
      ...optional(environment.corsOrigins, inputs.corsOrigins?.join(",")),
      ...optional(environment.providers, providersOf(inputs.session, inputs.gpu)?.join(",")),
      ...optional(environment.batchLimit, inputs.batching?.maxSize?.toString()),
      ...optional(environment.batchDelay, inputs.batching?.maxDelayMs?.toString()),
      ...optional(environment.queueLimit, inputs.batching?.maxQueue?.toString()),
      ...inputs.env.map(({ name, value }) => ({ name, value: literal(value) })),
    ],
    ports: [
      { name: portNames.http, containerPort: ports.http, protocol: "TCP" },
      { name: portNames.grpc, containerPort: ports.grpc, protocol: "TCP" },
      { name: portNames.metrics, containerPort: ports.metrics, protocol: "TCP" },
    ],
    // On the port that no client of the model reaches, so that none can fill it.
    // Every second: a rollout is as quick as its slowest probe, and an answer costs the server next to nothing.
    readinessProbe: probe(paths.ready, 1),
    livenessProbe: probe(paths.live, 10),
    ...withGpu(inputs.resources, inputs.gpu),
    terminationMessagePolicy,
    securityContext: restricted(),
    volumeMounts: [
      { name: modelVolume, mountPath: paths.modelDirectory, readOnly: true },
      { name: packedVolume, mountPath: paths.packedDirectory },
      { name: podVolume, mountPath: paths.podDirectory, readOnly: true },
    ],
  };
}

/** An extended resource is a limit; its request is the same by definition. */
function withGpu(
  resources: V1ResourceRequirements | undefined,
  gpu: Spec["gpu"],
): { resources?: V1ResourceRequirements } {
  if (gpu === undefined) return resources === undefined ? {} : { resources };
  return { resources: { ...resources, limits: { ...resources?.limits, [gpu.resourceName]: String(gpu.count) } } };
}

function identity(inputs: TemplateInputs): V1EnvVar[] {
  return [
    { name: environment.modelName, value: inputs.model },
    { name: environment.modelVersion, value: inputs.version.name },
    { name: environment.modelDirectory, value: paths.modelDirectory },
    { name: environment.onnxRuntimeTelemetry, value: "1" },
  ];
}

/** Out of the model's record, as it is when the container starts; absent where there is no such entry. */
function recorded(name: string, model: string, key: string): V1EnvVar {
  return { name, valueFrom: { configMapKeyRef: { name: versionsName(model), key, optional: true } } };
}

function optional(name: string, value: string | undefined): V1EnvVar[] {
  return value === undefined || value === "" ? [] : [{ name, value: literal(value) }];
}

/** The kubelet replaces `$(NAME)` and makes one `$` of two; a value is taken as it is when each is doubled. */
function literal(value: string): string {
  return value.replaceAll("$", () => "$$");
}

function serviceFile(): { path: string; fieldRef: { fieldPath: string } } {
  return {
    path: paths.inServiceFile.slice(paths.podDirectory.length + 1),
    fieldRef: { fieldPath: `metadata.annotations['${annotations.inService}']` },
  };
}

function probe(path: string, periodSeconds: number): V1Probe {
  return { httpGet: { path, port: portNames.metrics }, periodSeconds, timeoutSeconds: 2, failureThreshold: 3 };
}

function restricted(): V1SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  };
}
