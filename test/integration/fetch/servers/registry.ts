import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { type Authority, createAuthority } from "./authority.ts";
import { onLoopback, type Place } from "./place.ts";

export interface Registry {
  /** `127.0.0.1:port`, unless it was placed elsewhere. */
  readonly host: string;
  /** Of the registry's certificate; undefined without TLS. */
  readonly authority: Authority | undefined;
  /** Where the registry keeps a blob's bytes on disk. */
  blobPath(digest: string): string;
  readonly dataDirectory: string;
  /** What its garbage collection does to a manifest that no tag names. */
  forgetManifest(repository: string, digest: string): Promise<void>;
  forgetTag(repository: string, tag: string): Promise<void>;
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** With a certificate for loopback, or for other names, as openssl writes them. */
  readonly tls?: boolean | { readonly names: string };
  /** A token service that the registry sends clients to, and the certificates of its keys. */
  readonly tokenService?: { readonly realm: string; readonly rootCertificates: string };
  /** Lines of an htpasswd file; who is not in it gets nothing. */
  readonly passwords?: string;
  /** Another registry, whose artifacts this one gives as well. */
  readonly dataOf?: Pick<Registry, "dataDirectory">;
  /** Origin to which it redirects for blobs, as one does whose data lies with a cloud's storage. */
  readonly storage?: string;
  readonly place?: Place;
}

const startMilliseconds = 120_000;

/** Starts Debian's `docker-registry`, with a data folder of its own. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-registry-"));
  const { tls = false } = options;
  const names = typeof tls === "object" ? tls.names : undefined;
  const authority = tls === false ? undefined : await createAuthority(join(directory, "authority"), names);
  const dataDirectory = options.dataOf?.dataDirectory ?? join(directory, "data");
  const { host, enter } = options.place ?? (await onLoopback());
  const configuration = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: dataDirectory } },
    http: {
      addr: host,
      ...(authority === undefined ? {} : { tls: { certificate: authority.certificatePath, key: authority.keyPath } }),
    },
    ...(options.storage === undefined
      ? {}
      : { middleware: { storage: [{ name: "redirect", options: { baseurl: `${options.storage}/` } }] } }),
    ...(options.passwords === undefined
      ? {}
      : { auth: { htpasswd: { realm: "models", path: join(directory, "htpasswd") } } }),
    ...(options.tokenService === undefined
      ? {}
      : {
          auth: {
            token: {
              realm: options.tokenService.realm,
              service: "registry",
              issuer: "slipway-test",
              rootcertbundle: options.tokenService.rootCertificates,
            },
          },
        }),
  };
  if (options.passwords !== undefined) await writeFile(join(directory, "htpasswd"), options.passwords);
  // YAML is a superset of JSON.
  await writeFile(join(directory, "config.yml"), JSON.stringify(configuration));
  const log: string[] = [];
  // Killed by the kernel when the test dies, however it dies.
  const tied = ["--pdeathsig", "KILL", ...enter, "docker-registry"];
  const process = spawn("setpriv", [...tied, "serve", join(directory, "config.yml")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/usr/bin:/bin", OTEL_TRACES_EXPORTER: "none" },
  });
  process.stderr.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const failed = once(process, "exit").then(() => {
    throw new Error(
      `docker-registry does not start. If it is missing: apt-get install docker-registry\n${log.join("")}`,
    );
  });
  await Promise.race([failed, ready(host, authority, log)]);
  return {
    host,
    authority,
    dataDirectory,
    blobPath(digest) {
      const hex = digest.slice("sha256:".length);
      return join(dataDirectory, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
    },
    async forgetManifest(repository, digest) {
      const manifests = join(dataDirectory, "docker/registry/v2/repositories", repository, "_manifests");
      await rm(join(manifests, "revisions/sha256", digest.slice("sha256:".length)), { recursive: true });
    },
    async forgetTag(repository, tag) {
      const manifests = join(dataDirectory, "docker/registry/v2/repositories", repository, "_manifests");
      await rm(join(manifests, "tags", tag), { recursive: true });
    },
    async close() {
      process.kill("SIGTERM");
      if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ready(host: string, authority: Authority | undefined, log: readonly string[]): Promise<void> {
  const ca = authority === undefined ? undefined : await readFile(authority.authorityPath, "utf8");
  // It may have a certificate for another name than that of loopback.
  const agent = new Agent(ca === undefined ? {} : { connect: { ca, checkServerIdentity: () => undefined } });
  const deadline = performance.now() + startMilliseconds;
  try {
    for (;;) {
      const status = await request(`${ca === undefined ? "http" : "https"}://${host}/v2/`, { dispatcher: agent }).then(
        async ({ statusCode, body }) => {
          await body.dump();
          return statusCode;
        },
        () => 0,
      );
      if (status === 200 || status === 401) return;
      if (performance.now() > deadline) throw new Error(`docker-registry did not answer in time:\n${log.join("")}`);
      await sleep(50);
    }
  } finally {
    await agent.close();
  }
}
