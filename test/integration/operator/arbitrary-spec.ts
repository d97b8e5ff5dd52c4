/** Valid specs of a ModelDeployment with every field that the CRD has, for properties that hold whatever the spec is. */
import fc from "fast-check";
import { digest } from "./harness.ts";

const names = ["v1", "v2", "v3", "2026.01-rc_1", "constructor"];

const entry = fc
  .record({
    uri: fc.constantFrom("oci://registry.test/m:1", "oci://registry.test/a/b@sha256:1", "file:///models/m.onnx"),
    digest: fc.option(fc.constantFrom(digest("1"), digest("2")), { nil: undefined }),
  })
  .map(({ uri, digest: given }) => (given === undefined ? { uri } : { uri, digest: given }));

/** Lists of versions; the first is one to begin with. */
export const versions = fc
  .tuple(fc.subarray(names, { minLength: 1 }), fc.array(entry, { minLength: names.length, maxLength: names.length }))
  .map(([listed, entries]) => listed.map((name, index) => ({ name, ...entries[index] })));

const amount = fc.oneof(
  fc.nat(20),
  fc.nat(100).map((percent) => `${percent}%`),
);
const size = fc.constantFrom("1Gi", "1.5G", "500Mi", 1_000_000);
const threads = fc.integer({ min: 1, max: 64 });

const rollout = some({
  strategy: fc.constantFrom("Rolling", "Recreate"),
  maxSurge: amount,
  maxUnavailable: amount,
  minReadySeconds: fc.nat(3600),
  progressDeadlineSeconds: fc.integer({ min: 10, max: 86_400 }),
  keepPreviousSeconds: fc.nat(604_800),
  retryToken: fc.string({ maxLength: 20 }),
});

const server = some({
  image: fc.constant("registry.test/s:1"),
  env: fc.constantFrom([], [{ name: "A", value: "" }]),
  corsOrigins: fc.constantFrom(["*"], ["https://a.example", "null"]),
  session: some({
    workers: threads,
    intraOpThreads: threads,
    loneIntraOpThreads: threads,
    providers: fc.constantFrom(["cuda", "cpu"], ["tensorrt", "cuda"], ["cpu"]),
  }),
  batching: some({ maxSize: fc.integer({ min: 1, max: 32 }), maxDelayMs: fc.nat(1000), maxQueue: fc.nat(100_000) }),
});

const source = some({
  secretRef: fc.constant({ name: "login" }),
  serviceAccountName: fc.constant("models"),
  timeoutSeconds: fc.integer({ min: 1, max: 86_400 }),
  sizeLimit: size,
});

const gpu = some({
  count: fc.integer({ min: 1, max: 64 }),
  resourceName: fc.constantFrom("nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "amd.com/gpu"),
  products: fc.subarray(["NVIDIA-L4", "NVIDIA-A10"]),
  minMemory: size,
});

/** max is always given, and never below min. */
const scaling = fc
  .tuple(
    fc.integer({ min: 1, max: 100 }),
    fc.nat(9_900),
    some({
      metric: fc.constantFrom("CPU", "Memory"),
      targetPercent: fc.integer({ min: 1, max: 1000 }),
      behavior: fc.constantFrom({}, { scaleDown: { stabilizationWindowSeconds: 60 } }),
    }),
  )
  .chain(([min, above, rest]) => fc.constantFrom({ ...rest, min, max: min + above }, { ...rest, max: min + above }));

const toleration = some({
  key: fc.constant("dedicated"),
  operator: fc.constantFrom("Exists", "Equal"),
  value: fc.constantFrom("", "models"),
  effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute"),
  tolerationSeconds: fc.nat(3600),
});

const placement = some({
  nodeSelector: fc.constantFrom({}, { disk: "fast" }),
  tolerations: fc.array(toleration, { maxLength: 2 }),
  affinity: fc.constantFrom({}, { podAntiAffinity: {} }),
  topologySpreadConstraints: fc.constantFrom([], [{ maxSkew: 1, topologyKey: "zone" }]),
  priorityClassName: fc.constantFrom("", "high"),
});

/** Everything of a spec but its versions and the choice of one. */
export const rest = some({
  replicas: fc.nat(10_000),
  server,
  resources: some({
    requests: fc.constantFrom({}, { cpu: 2 }, { cpu: "100m", memory: "1Gi" }),
    limits: fc.constantFrom({}, { cpu: "1" }, { "nvidia.com/gpu": "1" }),
  }),
  source,
  gpu,
  scaling,
  placement,
  podTemplate: fc.constantFrom({}, { metadata: { labels: { team: "a" } } }, { spec: { hostNetwork: true } }),
  networkPolicy: some({ from: fc.constantFrom([], [{ podSelector: {} }]) }),
  paused: fc.boolean(),
  service: some({
    type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
    port: fc.integer({ min: 1, max: 65_535 }),
    annotations: fc.constantFrom({}, { "example.com/a": "b" }),
  }),
  restartToken: fc.string({ maxLength: 20 }),
  rollout,
});

function some<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record<T, never>(fields, { requiredKeys: [] });
}
