import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run } from "./run.ts";

/** ONNX Runtime's own, which it looks for beside its main library. The one of TensorRT needs libraries that are not here. */
export const providerLibraries: readonly string[] = [
  "libonnxruntime_providers_shared.so",
  "libonnxruntime_providers_cuda.so",
  "libonnxruntime_providers_tensorrt.so",
];

/**
 * NVIDIA's: the first four are what the CUDA provider is linked with; the others are opened by name when an operator needs
 * them, and the name may be the one without a version. Not here: libcuda.so.1, which is the driver's and the node's.
 */
export const nvidiaLibraries: readonly string[] = [
  "libcudart.so.13",
  "libcublas.so.13",
  "libcublasLt.so.13",
  "libcurand.so.10",
  "libcufft.so.12",
  "libnvrtc.so.13",
  "libnvrtc-builtins.so.13.0",
  "libcudnn.so.9",
  "libcudnn_adv.so.9",
  "libcudnn_cnn.so.9",
  "libcudnn_engines_precompiled.so.9",
  "libcudnn_engines_runtime_compiled.so.9",
  "libcudnn_graph.so.9",
  "libcudnn_heuristic.so.9",
  "libcudnn_ops.so.9",
];

export const requirementsFile = join(import.meta.dirname, "gpu-libraries.txt");

/** pip's, for the glibc of Debian 12 and older; the version of Python is that of the wheel whose libraries are taken. */
const wheels = ["2_28", "2_27", "2_17", "2014"].flatMap((glibc) => [
  "--platform",
  glibc === "2014" ? "manylinux2014_x86_64" : `manylinux_${glibc}_x86_64`,
]);

/**
 * Fills three folders of a build context: `cuda` with NVIDIA's libraries, `providers` with ONNX Runtime's, `licenses` with
 * the terms of both. pip downloads and verifies what gpu-libraries.txt pins, 1.4 GB, unless it is here already.
 */
export async function stageGpuLibraries(context: string): Promise<void> {
  const pins = await readFile(requirementsFile, "utf8");
  const key = createHash("sha256")
    .update([pins, ...providerLibraries, ...nvidiaLibraries].join("\n"))
    .digest("hex");
  const keyFile = join(context, "gpu-libraries.sha256");
  if ((await readFile(keyFile, "utf8").catch(() => "")) === key) return;
  await mkdir(context, { recursive: true });
  const downloaded = await mkdtemp(join(context, "download-"));
  try {
    await install(downloaded);
    const files = await filesBelow(downloaded);
    await place(files, nvidiaLibraries, join(context, "cuda"));
    await place(files, providerLibraries, join(context, "providers"));
    await addShortNames(join(context, "cuda"));
    await placeLicenses(files, downloaded, join(context, "licenses"));
    await writeFile(keyFile, key);
  } finally {
    await rm(downloaded, { recursive: true, force: true });
  }
}

async function install(target: string): Promise<void> {
  const what = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", requirementsFile];
  const how = ["--quiet", "--no-compile", "--no-cache-dir", "--disable-pip-version-check", "--target", target];
  const python = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312", "--abi", "none"];
  await run("python3", ["-m", "pip", "install", ...what, ...how, ...wheels, ...python]).catch((error: unknown) => {
    throw new Error("pip did not install what images/gpu-libraries.txt names. It needs python3 with pip", {
      cause: error,
    });
  });
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function place(files: readonly string[], names: readonly string[], folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const name of names) {
    const file = files.find((each) => basename(each) === name);
    if (file === undefined) throw new Error(`${name} is in none of the packages of images/gpu-libraries.txt`);
    await rename(file, join(folder, name));
    await chmod(join(folder, name), 0o644);
  }
}

/** `libcudnn.so` for `libcudnn.so.9`: what a program that is built has, and one that opens by name may ask for. */
async function addShortNames(folder: string): Promise<void> {
  for (const name of ["libcudnn.so.9", "libcufft.so.12", "libnvrtc.so.13"]) {
    await symlink(name, join(folder, name.replace(/\.so\..*$/, ".so")));
  }
}

/** NVIDIA's libraries may be passed on with their terms alone. */
async function placeLicenses(files: readonly string[], root: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const file of files.filter((each) => /^(?:LICENSE|License|ThirdPartyNotices)(?:\.txt)?$/.test(basename(each)))) {
    const [owner = ""] = dirname(file)
      .slice(root.length + 1)
      .split("/");
    await rename(file, join(folder, `${owner.replace(/\.dist-info$/, "")}-${basename(file)}`));
  }
}
