import { existsSync } from "node:fs";
import { run } from "./command.ts";
import { type Report, step } from "./report.ts";

/** A file that tells whether the Debian package is there. */
type DebianPackage = { readonly name: string; readonly file: string };

const controlPlanePackages: readonly DebianPackage[] = [
  { name: "openssl", file: "/usr/bin/openssl" },
  { name: "unzip", file: "/usr/bin/unzip" },
];

/** What images are made with. */
const imagePackages: readonly DebianPackage[] = [
  { name: "buildah", file: "/usr/bin/buildah" },
  { name: "mmdebstrap", file: "/usr/bin/mmdebstrap" },
];

const nodePackages: readonly DebianPackage[] = [
  ...controlPlanePackages,
  ...imagePackages,
  { name: "iproute2", file: "/usr/sbin/ip" },
  { name: "procps", file: "/usr/sbin/sysctl" },
  { name: "iptables", file: "/usr/sbin/iptables" },
  { name: "ipset", file: "/usr/sbin/ipset" },
  { name: "conntrack", file: "/usr/sbin/conntrack" },
  { name: "ethtool", file: "/usr/sbin/ethtool" },
  { name: "socat", file: "/usr/bin/socat" },
  { name: "containernetworking-plugins", file: "/usr/lib/cni/ptp" },
  { name: "docker-registry", file: "/usr/bin/docker-registry" },
  { name: "gcc", file: "/usr/bin/gcc" },
  { name: "pkg-config", file: "/usr/bin/pkg-config" },
  { name: "libseccomp-dev", file: "/usr/include/seccomp.h" },
];

/** What a release needs: images of a commit, of small programs, and helm. */
const releasePackages: readonly DebianPackage[] = [
  ...imagePackages,
  { name: "unzip", file: "/usr/bin/unzip" },
  { name: "git", file: "/usr/bin/git" },
  { name: "binutils", file: "/usr/bin/strip" },
];

/** What the server's image for GPUs is made with, and tested. */
const gpuImagePackages: readonly DebianPackage[] = [
  ...imagePackages,
  { name: "binutils", file: "/usr/bin/strip" },
  { name: "gcc", file: "/usr/bin/gcc" },
  { name: "python3-pip", file: "/usr/bin/pip3" },
];

/** What the suites need beside a node: images are made and looked into, models packed and pushed, a page looked at. */
const testPackages: readonly DebianPackage[] = [
  ...nodePackages,
  ...releasePackages,
  { name: "zstd", file: "/usr/bin/zstd" },
  { name: "python3", file: "/usr/bin/python3" },
  { name: "python3-venv", file: "/usr/lib/python3.11/ensurepip" },
  { name: "libonnx-testdata", file: "/usr/share/libonnx-testdata/data" },
  { name: "curl", file: "/usr/bin/curl" },
  { name: "chromium", file: "/usr/bin/chromium" },
  { name: "fonts-dejavu-core", file: "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf" },
];

const packages = {
  "control-plane": controlPlanePackages,
  node: nodePackages,
  release: releasePackages,
  "gpu-image": gpuImagePackages,
  tests: testPackages,
} as const;

/** Installs the Debian packages that are missing and says which before it does. */
export async function installPackages(kind: keyof typeof packages, report: Report): Promise<void> {
  const needed = new Map(packages[kind].map(({ name, file }) => [name, file]));
  const missing = [...needed].filter(([, file]) => !existsSync(file)).map(([name]) => name);
  if (missing.length === 0) return;
  report(`these Debian packages are missing and will be installed: ${missing.join(" ")}`);
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  await step(report, "installing Debian packages", async () => {
    await run("apt-get", ["update", "-qq"], { environment });
    // Recommended packages of these are whole init systems and firewalls.
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { environment });
  });
  // Its package starts a registry of the host's own at once; the cluster runs the program itself.
  if (missing.includes("docker-registry") && existsSync("/run/systemd/system")) {
    report("stopping and disabling the service docker-registry that its package has started");
    await run("systemctl", ["disable", "--now", "docker-registry"]);
  }
}
