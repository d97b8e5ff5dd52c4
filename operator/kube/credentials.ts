import type { Clock } from "./clock.ts";

/** Who we are and whom we trust. Both are asked before every request, so renewed files take effect. */
export interface Credentials {
  /** Value of the Authorization header; undefined when the client certificate is the identity. */
  authorization(): Promise<string | undefined>;
  /** The same object as long as nothing changed: another object makes the transport open new connections. */
  tls(): Promise<TlsMaterial>;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ClusterAccess {
  /** `https://host:port` */
  readonly server: string;
  readonly credentials: Credentials;
  /** Namespace of the pod, or of the kubeconfig context; undefined when neither names one. */
  readonly namespace: string | undefined;
}

/** From the files that every pod with a service account has; undefined outside a cluster. */
export declare function inClusterAccess(
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<ClusterAccess | undefined>;

/** From a kubeconfig: client certificate, token or exec plug-in. Loads @kubernetes/client-node, so not for pods. */
export declare function kubeconfigAccess(options: {
  readonly file?: string | undefined;
  readonly context?: string | undefined;
  readonly clock: Clock;
}): Promise<ClusterAccess>;
