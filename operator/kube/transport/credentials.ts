import { readFile } from "node:fs/promises";
import type { Clock } from "../clock.ts";

/** Who we are and whom we trust. Both are asked before every request, so renewed files take effect. */
export interface Credentials {
  /** Value of the Authorization header; undefined when the client certificate is the identity. */
  authorization(): Promise<string | undefined>;
  /** The same object as long as nothing changed: another object makes the transport open new connections. */
  tls(): Promise<TlsMaterial>;
}

/** PEM texts and what else node:tls takes for a connection. */
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

/** Where kubelet mounts the token, the cluster's CA and the namespace. */
const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
/** kubelet renews a token when 80 % of its hour are over, so the old one is good for minutes more. */
const rereadMs = 60_000;

/** From what every pod with a service account has; undefined outside a cluster. */
export async function inClusterAccess(
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  directory = serviceAccountDirectory,
): Promise<ClusterAccess | undefined> {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || port === undefined) return undefined;
  const token = reread(clock, async () => `Bearer ${(await readFile(`${directory}/token`, "utf8")).trim()}`);
  const ca = reread(clock, () => readFile(`${directory}/ca.crt`, "utf8"));
  let tls: TlsMaterial = { ca: await ca() };
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: (await readFile(`${directory}/namespace`, "utf8")).trim(),
    credentials: {
      authorization: token,
      tls: async () => {
        const now = await ca();
        if (now !== tls.ca) tls = { ca: now };
        return tls;
      },
    },
  };
}

/**
 * From a kubeconfig (client certificate, token or exec plug-in), found as kubectl finds it when no file is named.
 * Loads @kubernetes/client-node, which costs about 100 MB: for use outside a cluster.
 */
export async function kubeconfigAccess(options: {
  readonly file?: string | undefined;
  readonly context?: string | undefined;
  readonly clock: Clock;
}): Promise<ClusterAccess> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (options.file === undefined) config.loadFromDefault();
  else config.loadFromFile(options.file);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(
      `kubeconfig${options.file === undefined ? "" : ` ${options.file}`}: context "${config.getCurrentContext()}" names no cluster`,
    );
  }

  let tls: TlsMaterial = {};
  const resolved = reread(options.clock, async () => {
    const applied: AppliedOptions = {};
    await config.applyToHTTPSOptions(applied);
    const now = tlsOf(applied);
    if (JSON.stringify(now) !== JSON.stringify(tls)) tls = now;
    const authorization = applied.headers?.["Authorization"];
    return { tls, authorization: authorization ?? (applied.auth === undefined ? undefined : basic(applied.auth)) };
  });
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    credentials: {
      authorization: async () => (await resolved()).authorization,
      tls: async () => (await resolved()).tls,
    },
  };
}

/** What client-node writes into the request options that it is given. */
interface AppliedOptions {
  headers?: Record<string, string>;
  auth?: string;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

function tlsOf(applied: AppliedOptions): TlsMaterial {
  return {
    ...(applied.ca == null ? {} : { ca: applied.ca.toString() }),
    ...(applied.cert == null ? {} : { cert: applied.cert.toString() }),
    ...(applied.key == null ? {} : { key: applied.key.toString() }),
    ...(applied.servername === undefined ? {} : { servername: applied.servername }),
    ...(applied.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: applied.rejectUnauthorized }),
  };
}

function basic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword).toString("base64")}`;
}

/**
 * A value read at most once a minute, by one reader at a time. When reading again fails the last value goes on being
 * used: kubelet swaps the files by a symbolic link, and an expired token is reported by the API server itself.
 */
function reread<T>(clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let value: { readonly is: T; readonly at: number } | undefined;
  let reading: Promise<T> | undefined;
  const renew = async (): Promise<T> => {
    try {
      const is = await read();
      value = { is, at: clock.monotonic() };
      return is;
    } catch (error) {
      if (value === undefined) throw error;
      value = { is: value.is, at: clock.monotonic() };
      return value.is;
    } finally {
      reading = undefined;
    }
  };
  return () => {
    if (value !== undefined && clock.monotonic() - value.at < rereadMs) return Promise.resolve(value.is);
    reading ??= renew();
    return reading;
  };
}
