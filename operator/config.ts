import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { BuildDefaults } from "./plan/observed.ts";

export interface Config {
  readonly namespace: string;
  /** Name of this process among the replicas. */
  readonly instance: string;
  readonly httpPort: number;
  readonly logLevel: string;
  readonly leaderElect: boolean;
  /** kubeconfig to use outside a cluster; the usual places when undefined. */
  readonly kubeconfig: string | undefined;
  readonly workers: number;
  /** Namespaces whose models are looked after; all when empty. */
  readonly watchNamespaces: readonly string[];
  readonly defaults: BuildDefaults;
}

export type ConfigResult =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** PEM of a handful of authorities. It is frozen into every pod template, so it must stay small. */
const longestCertificateAuthority = 32_768;

const help = `slipway-operator: makes ModelDeployments into served, versioned prediction APIs

  --server-image IMAGE                server image of revisions that name none (required)
  --gpu-server-image IMAGE            the same, of revisions that run on a GPU
  --plain-http-hosts HOST[:PORT],...  registries that models are pulled from without TLS
  --certificate-authority-file FILE   PEM certificates trusted beside the system's when models are pulled
  --https-proxy URL                   proxy through which models are pulled by TLS: http://HOST:PORT
  --http-proxy URL                    proxy through which models are pulled without TLS
  --no-proxy HOST,...                 hosts that models are pulled from without a proxy
  --http-port PORT                    /healthz, /readyz and /metrics (8080)
  --log-level LEVEL                   ${logLevels.join(", ")} (info)
  --leader-elect true|false           one writer among the replicas by a lease (true)
  --workers N                         models worked on at the same time (4)
  --watch-namespaces NAMESPACE,...    look after the models of these namespaces only (all)
  --kubeconfig FILE                   outside a cluster: how to reach the API server
  --namespace NAMESPACE               where the lease lies (POD_NAMESPACE, else slipway-system)

POD_NAME names this replica.
`;

/** Flags and environment to a frozen Config; every mistake at once, each with what is allowed. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string = (path) => readFileSync(path, "utf8"),
): ConfigResult {
  const errors: string[] = [];
  const values = flagsOf(args, errors);
  if (values.help) return { kind: "help", text: help };

  const serverImage = values["server-image"] ?? "";
  if (serverImage === "") errors.push("--server-image is required: the image that serves models");
  const logLevel = values["log-level"] ?? "info";
  if (!logLevels.includes(logLevel)) errors.push(`--log-level ${logLevel}: allowed are ${logLevels.join(", ")}`);
  const httpPort = whole("--http-port", values["http-port"] ?? "8080", 0, 65_535, errors);
  const workers = whole("--workers", values["workers"] ?? "4", 1, 64, errors);
  const leaderElect = values["leader-elect"] ?? "true";
  if (leaderElect !== "true" && leaderElect !== "false") {
    errors.push(`--leader-elect ${leaderElect}: allowed are true and false`);
  }
  const plainHttpHosts = (values["plain-http-hosts"] ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  for (const host of plainHttpHosts) {
    if (!hostPattern.test(host)) errors.push(`--plain-http-hosts ${host}: HOST or HOST:PORT, without a scheme or path`);
  }
  const proxy = {
    http: proxyUrl("--http-proxy", values["http-proxy"], errors),
    https: proxyUrl("--https-proxy", values["https-proxy"], errors),
    exceptions: list(values["no-proxy"]),
  };
  const certificateAuthority = certificates(values["certificate-authority-file"], readFile, errors);
  if (errors.length > 0) return { kind: "errors", errors };

  const namespace = values["namespace"] ?? environment["POD_NAMESPACE"] ?? "slipway-system";
  const config: Config = {
    namespace,
    instance: environment["POD_NAME"] ?? environment["HOSTNAME"] ?? "slipway-operator",
    httpPort,
    logLevel,
    leaderElect: leaderElect === "true",
    kubeconfig: values["kubeconfig"],
    workers,
    watchNamespaces: list(values["watch-namespaces"]),
    defaults: Object.freeze({
      serverImage,
      gpuServerImage: values["gpu-server-image"] ?? "",
      plainHttpHosts,
      certificateAuthority,
      proxy,
      operatorNamespace: namespace,
    }),
  };
  return { kind: "config", config: Object.freeze(config) };
}

const hostPattern = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/;

const textFlags = [
  "server-image",
  "gpu-server-image",
  "plain-http-hosts",
  "certificate-authority-file",
  "https-proxy",
  "http-proxy",
  "no-proxy",
  "http-port",
  "log-level",
  "leader-elect",
  "workers",
  "watch-namespaces",
  "kubeconfig",
  "namespace",
] as const;

type Flags = { [name in (typeof textFlags)[number]]?: string } & { help?: boolean };

/** Not strict, which would stop at the first mistake. */
function flagsOf(args: readonly string[], errors: string[]): Flags {
  const text = { type: "string" } as const;
  const options = { ...Object.fromEntries(textFlags.map((name) => [name, text])), help: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true });
  for (const word of positionals) errors.push(`${word}: not a flag (--help lists the flags)`);
  const flags: Flags = {};
  for (const [name, value] of Object.entries(values)) {
    const flag = textFlags.find((candidate) => candidate === name);
    if (flag !== undefined && typeof value === "string") flags[flag] = value;
    else if (flag !== undefined) errors.push(`--${name} needs a value`);
    else if (name === "help" && value === true) flags.help = true;
    else
      errors.push(
        `--${name}: ${name === "help" ? "takes no value" : "there is no such flag"} (--help lists the flags)`,
      );
  }
  return flags;
}

function list(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function whole(flag: string, text: string, least: number, most: number, errors: string[]): number {
  const number = Number(text);
  if (Number.isInteger(number) && text.trim() !== "" && number >= least && number <= most) return number;
  errors.push(`${flag} ${text}: a whole number from ${least} to ${most}`);
  return least;
}

/** The value is not shown in a mistake: it may hold a password, which every pod would show. */
function proxyUrl(flag: string, value: string | undefined, errors: string[]): string {
  if (value === undefined || value === "") return "";
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const hasMore = url !== undefined && `${url.pathname}${url.search}${url.hash}` !== "/";
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "" || hasMore) {
    errors.push(`${flag}: no HTTP proxy: write http://HOST:PORT`);
  } else if (url.username !== "" || url.password !== "") {
    errors.push(`${flag}: a password would show in every pod: set the variable from a Secret in spec.podTemplate`);
  }
  return value;
}

function certificates(path: string | undefined, readFile: (path: string) => string, errors: string[]): string {
  if (path === undefined || path === "") return "";
  try {
    const pem = readFile(path).trim();
    if (pem.length > longestCertificateAuthority) {
      errors.push(`--certificate-authority-file ${path}: at most ${longestCertificateAuthority} characters of PEM`);
    } else if (pem !== "" && !pem.includes("-----BEGIN CERTIFICATE-----")) {
      errors.push(`--certificate-authority-file ${path}: holds no PEM certificate`);
    }
    return pem;
  } catch (error) {
    errors.push(`--certificate-authority-file ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return "";
  }
}
