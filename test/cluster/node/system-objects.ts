import { dnsAddress, metricsServerPort, type NodeNames, registryPort } from "./addresses.ts";

type Port = {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: "TCP" | "UDP";
};

/** What must be in the cluster for its own servers, which run beside the kubelet instead of in pods. */
export function systemObjects({ nodeAddress }: NodeNames, caPem: string): object {
  const dnsPorts = (["UDP", "TCP"] as const).map(
    (protocol): Port => ({ name: `dns-${protocol.toLowerCase()}`, port: 53, targetPort: 53, protocol }),
  );
  const metricsPort: Port = { name: "https", port: 443, targetPort: metricsServerPort, protocol: "TCP" };
  const registry: Port = { name: "http", port: registryPort, targetPort: registryPort, protocol: "TCP" };
  const items = [
    ...serviceToNode(nodeAddress, "kube-dns", dnsPorts, dnsAddress),
    ...serviceToNode(nodeAddress, "metrics-server", [metricsPort]),
    ...serviceToNode(nodeAddress, "registry", [registry]),
    ...clusterRole("system:coredns", [
      { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    ...clusterRole("system:metrics-server", [
      { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods", "nodes", "namespaces", "configmaps"], verbs: ["get", "list", "watch"] },
    ]),
    clusterRoleBinding("metrics-server:auth-delegator", "system:auth-delegator", "system:metrics-server"),
    authenticationReader("system:metrics-server"),
    metricsApi(caPem),
  ];
  return { apiVersion: "v1", kind: "List", items };
}

/** A Service without a selector whose one endpoint is the node itself. */
function serviceToNode(nodeAddress: string, name: string, ports: readonly Port[], clusterIP?: string): object[] {
  const metadata = { name, namespace: "kube-system" };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports, ...(clusterIP === undefined ? {} : { clusterIP }) },
  };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
    ports: ports.map(({ name: portName, targetPort, protocol }) => ({ name: portName, port: targetPort, protocol })),
  };
  return [service, slice];
}

function clusterRole(user: string, rules: readonly object[]): object[] {
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: user }, rules };
  return [role, clusterRoleBinding(user, user, user)];
}

function clusterRoleBinding(name: string, role: string, user: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  };
}

/** Lets an extension API server learn how requests that the API server passes on are authenticated. */
function authenticationReader(user: string): object {
  const group = "rbac.authorization.k8s.io";
  return {
    apiVersion: `${group}/v1`,
    kind: "RoleBinding",
    metadata: { name: "metrics-server-auth-reader", namespace: "kube-system" },
    roleRef: { apiGroup: group, kind: "Role", name: "extension-apiserver-authentication-reader" },
    subjects: [{ apiGroup: group, kind: "User", name: user }],
  };
}

function metricsApi(caPem: string): object {
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1beta1.metrics.k8s.io" },
    spec: {
      group: "metrics.k8s.io",
      version: "v1beta1",
      service: { name: "metrics-server", namespace: "kube-system" },
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: Buffer.from(caPem).toString("base64"),
    },
  };
}
