import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { cacheDirectory, modulesDirectory } from "./directories.ts";
import { kubernetesModule, kubernetesVersion } from "./kubernetes-module.ts";
import { type Report, silent, step } from "./report.ts";

export type Module = {
  /** Folder under modules/. */
  readonly name: string;
  readonly packages: readonly string[];
  /** Files with the versions of everything, in that folder, without their endings `.mod` and `.sum`. */
  readonly pins: string;
  readonly tags: readonly string[];
  readonly linkerFlags: string;
  readonly cgo: boolean;
  /** Names under which the one binary of a multi-call module is found. */
  readonly links: readonly string[];
};

const otherModules = {
  containerd: {
    name: "containerd",
    pins: "go",
    packages: ["containerd", "containerd-shim-runc-v2", "ctr"].map(
      (name) => `github.com/containerd/containerd/v2/cmd/${name}`,
    ),
    tags: ["no_btrfs", "no_devmapper", "no_zfs"],
    linkerFlags: "-X github.com/containerd/containerd/v2/version.Version=v2.4.2",
    cgo: false,
    links: [],
  },
  // runc starts its containers through C code, and filters system calls through Debian's libseccomp.
  runc: {
    name: "runc",
    pins: "go",
    packages: ["github.com/opencontainers/runc"],
    tags: ["seccomp", "netgo", "osusergo"],
    linkerFlags: "",
    cgo: true,
    links: [],
  },
  sandbox: { name: "sandbox", pins: "go", packages: ["."], tags: [], linkerFlags: "", cgo: false, links: [] },
  // A real S3 server, for the tests of the download step; no cluster runs it.
  versitygw: {
    name: "versitygw",
    pins: "go",
    packages: ["github.com/versity/versitygw/cmd/versitygw"],
    tags: [],
    linkerFlags: "",
    cgo: false,
    links: [],
  },
  // Another one, of other habits.
  rclone: { name: "rclone", pins: "go", packages: ["."], tags: [], linkerFlags: "", cgo: false, links: [] },
  // Signs what a release pushes; no cluster runs it.
  cosign: {
    name: "cosign",
    pins: "go",
    packages: ["github.com/sigstore/cosign/v3/cmd/cosign"],
    tags: [],
    linkerFlags: "-X sigs.k8s.io/release-utils/version.gitVersion=v3.1.3",
    cgo: false,
    links: [],
  },
  // Somebody else's scaler, for the test of it alone.
  keda: {
    name: "keda",
    pins: "go",
    packages: ["operator", "adapter"].map((name) => `github.com/kedacore/keda/v2/cmd/${name}`),
    tags: [],
    linkerFlags: "",
    cgo: false,
    links: [],
  },
  // Enforces NetworkPolicies, for the test that asks for it.
  "kube-router": { name: "kube-router", pins: "go", packages: ["."], tags: [], linkerFlags: "", cgo: false, links: [] },
} as const satisfies Record<string, Module>;

export type ModuleName = "kubernetes" | keyof typeof otherModules;

export const controlPlaneModules: readonly ModuleName[] = ["kubernetes"];
export const nodeModules: readonly ModuleName[] = ["kubernetes", "containerd", "runc", "sandbox"];

/**
 * Builds what is not in the cache and gives back the folder of each module's programs. The cache key covers
 * everything that decides the result, so a changed pin builds anew and an old one can be gone back to.
 */
export async function buildPrograms(
  names: readonly ModuleName[],
  report: Report = silent,
): Promise<Record<ModuleName, string>> {
  const { stdout: goVersion } = await run("go", ["version"]).catch((error: unknown) => {
    throw new Error("Go is missing: install Go 1.26 or later and put it on PATH", { cause: error });
  });
  const modules: Record<ModuleName, Module> = { ...otherModules, kubernetes: kubernetesModule(kubernetesVersion()) };
  const folders = {} as Record<ModuleName, string>;
  for (const name of names) folders[name] = await buildModule(modules[name], goVersion, report);
  return folders;
}

async function buildModule(module: Module, goVersion: string, report: Report): Promise<string> {
  const source = join(modulesDirectory, module.name);
  const flags = buildFlags(module);
  const rest = [...flags, ...module.packages, ...module.links, goVersion];
  const key = await moduleHash(source, module.pins, rest);
  const parent = join(cacheDirectory(), "programs");
  const target = join(parent, `${module.name}-${key}`);
  if (existsSync(target)) return target;

  await mkdir(parent, { recursive: true });
  await step(report, `building ${module.name} with Go`, async () => {
    const partial = `${target}.${process.pid}`;
    await mkdir(partial, { recursive: true });
    for (const link of module.links) await symlink(module.name, join(partial, link));
    // Test files run side by side: the first one builds, the others wait at the lock and find the result.
    const onlyOnce = 'test -e "$1" || { target=$1 partial=$2; shift 2; "$@" && mv "$partial" "$target"; }';
    const build = ["go", "build", ...flags, "-o", `${partial}/`, ...module.packages];
    try {
      await run("flock", [`${target}.lock`, "sh", "-c", onlyOnce, "sh", target, partial, ...build], {
        directory: source,
        environment: { CGO_ENABLED: module.cgo ? "1" : "0", GOWORK: "off", GOFLAGS: "" },
      });
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
  return target;
}

function buildFlags(module: Module): string[] {
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", `-s -w ${module.linkerFlags}`];
  if (module.pins !== "go") flags.push(`-modfile=${module.pins}.mod`);
  if (module.tags.length > 0) flags.push("-tags", module.tags.join(" "));
  return flags;
}

async function moduleHash(source: string, pins: string, rest: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const sources = (await readdir(source)).filter((file) => file.endsWith(".go"));
  const files = [`${pins}.mod`, `${pins}.sum`, ...sources].filter((file) => existsSync(join(source, file)));
  for (const file of files.toSorted()) hash.update(`${file}\0`).update(await readFile(join(source, file)));
  return hash.update(rest.join("\0")).digest("hex").slice(0, 16);
}
