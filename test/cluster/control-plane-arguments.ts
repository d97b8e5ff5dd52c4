import type { KeyPair } from "./certificates.ts";

/** Everything that the processes of a control plane must agree on; all paths are absolute. */
export type ControlPlaneSettings = {
  readonly address: string;
  readonly apiPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly dataDirectory: string;
  readonly authority: KeyPair;
  readonly apiServer: KeyPair;
  /** Client of the kubelets. */
  readonly kubeletClient: KeyPair;
  readonly frontProxyAuthority: KeyPair;
  readonly frontProxyClient: KeyPair;
  readonly tokenKey: { readonly public: string; readonly private: string };
  /** CSV as the API server's --token-auth-file reads it. */
  readonly tokenFile: string;
  /** Whether the API server keeps the endpoints of the Service `kubernetes`; it refuses to with a loopback address. */
  readonly publishesItself: boolean;
};

export const serviceRange = "10.96.0.0/16";

export function etcdArguments(settings: ControlPlaneSettings): string[] {
  const client = etcdUrl(settings);
  const peer = `http://${settings.address}:${settings.etcdPeerPort}`;
  return [
    "--name=etcd",
    `--data-dir=${settings.dataDirectory}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=etcd=${peer}`,
    // The data need not survive the machine, only the process.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

export function apiServerArguments(settings: ControlPlaneSettings): string[] {
  return [
    `--etcd-servers=${etcdUrl(settings)}`,
    `--bind-address=${settings.address}`,
    `--advertise-address=${settings.address}`,
    `--secure-port=${settings.apiPort}`,
    `--endpoint-reconciler-type=${settings.publishesItself ? "lease" : "none"}`,
    `--service-cluster-ip-range=${serviceRange}`,
    "--authorization-mode=Node,RBAC",
    "--allow-privileged=true",
    `--client-ca-file=${settings.authority.certificate}`,
    `--tls-cert-file=${settings.apiServer.certificate}`,
    `--tls-private-key-file=${settings.apiServer.key}`,
    `--token-auth-file=${settings.tokenFile}`,
    `--kubelet-certificate-authority=${settings.authority.certificate}`,
    `--kubelet-client-certificate=${settings.kubeletClient.certificate}`,
    `--kubelet-client-key=${settings.kubeletClient.key}`,
    // By name, `kubectl logs` would ask a DNS server for the node.
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${settings.tokenKey.public}`,
    `--service-account-signing-key-file=${settings.tokenKey.private}`,
    `--requestheader-client-ca-file=${settings.frontProxyAuthority.certificate}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${settings.frontProxyClient.certificate}`,
    `--proxy-client-key-file=${settings.frontProxyClient.key}`,
    // The API server reaches an extension by its endpoints: no kube-proxy has to have seen the Service.
    "--enable-aggregator-routing=true",
    // Or a polite stop leaves watches open and waits a minute for their clients to go.
    "--shutdown-watch-termination-grace-period=5s",
  ];
}

export function controllerManagerArguments(settings: ControlPlaneSettings, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    // Looking up how to authenticate callers of its own port fails once the roles are younger than the look-up.
    "--authentication-skip-lookup=true",
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${settings.address}`,
    `--secure-port=${settings.apiPort + 1000}`,
    "--leader-elect=false",
    "--use-service-account-credentials=true",
    // It makes an account and a token for each of its controllers first: seconds at the default 20 requests a second.
    "--kube-api-qps=500",
    "--kube-api-burst=500",
    `--root-ca-file=${settings.authority.certificate}`,
    `--service-account-private-key-file=${settings.tokenKey.private}`,
    `--cluster-signing-cert-file=${settings.authority.certificate}`,
    `--cluster-signing-key-file=${settings.authority.key}`,
    `--service-cluster-ip-range=${serviceRange}`,
  ];
}

export function schedulerArguments(settings: ControlPlaneSettings, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    "--authentication-skip-lookup=true",
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${settings.address}`,
    `--secure-port=${settings.apiPort + 2000}`,
    "--leader-elect=false",
  ];
}

function etcdUrl(settings: ControlPlaneSettings): string {
  return `http://${settings.address}:${settings.etcdPort}`;
}
