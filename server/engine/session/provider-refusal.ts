import type { Provider } from "../../contract.ts";
import { cleanMessage, isOutOfMemory } from "./explain.ts";
import type { EngineFailure } from "../run.ts";

/** What the machine says of a provider's libraries, asked only once the provider has refused. */
export interface ProviderLibraries {
  /** Whether the image has a library of ONNX Runtime's, by its file name. */
  readonly has: (file: string) => boolean;
  /** Why the linker cannot load such a library, or one of the system's; undefined: it can. */
  readonly complaint: (library: string) => string | undefined;
}

/** What has to be there for a provider, beside what its own library asks the linker for. */
const libraryOf = {
  cuda: "libonnxruntime_providers_cuda.so",
  tensorrt: "libonnxruntime_providers_tensorrt.so",
} as const;
/** Of the GPU's driver: the node's own, which the container runtime puts into the container. */
const driverLibrary = "libcuda.so.1";

const names = { cuda: "CUDA", tensorrt: "TensorRT", cpu: "CPU" } as const;

/**
 * Why a provider did not take the model, if it was the provider's doing and not the model's; undefined: it was the
 * model's, and {@link import("./explain.ts").explainLoadFailure} knows more.
 *
 * What the image lacks stays lacking: InvalidConfiguration, which is permanent. What the node lacks does not.
 */
export function explainProviderRefusal(
  provider: Provider,
  raw: string,
  libraries: ProviderLibraries,
): EngineFailure | undefined {
  if (provider === "cpu") return undefined;
  const name = names[provider];
  if (unloaded.test(raw)) return explainUnloaded(provider, libraries);
  const failure = cudaFailureOf(raw);
  if (failure !== undefined) return explainCudaFailure(name, failure);
  const absent = absentLibrary.exec(raw)?.groups?.["library"];
  if (absent !== undefined) return lackingInImage(name, absent);
  return undefined;
}

/**
 * Why a provider that took the model cannot run it, from what the warm-up was refused for: a GPU for which there is no code
 * shows only then. Undefined: it can, or it is the made-up inputs that the model does not take.
 */
export function explainBrokenProvider(provider: Provider, refusal: string | undefined): EngineFailure | undefined {
  const failure = cudaFailureOf(refusal ?? "");
  // Made-up inputs may need more memory than real ones.
  if (provider === "cpu" || failure === undefined || isOutOfMemory(failure.said)) return undefined;
  return explainCudaFailure(names[provider], failure);
}

/** As ONNX Runtime 1.30 says it (provider_bridge_ort.cc), whatever the linker said. */
const unloaded = /OrtSessionOptionsAppendExecutionProvider_\w+: Failed to load shared library/;
interface CudaFailure {
  /** Of cudaError_t; its name where ONNX Runtime says no number. */
  readonly code: string;
  readonly said: string;
}

function cudaFailureOf(raw: string): CudaFailure | undefined {
  const groups = cudaFailure.exec(raw)?.groups ?? kernelFailure.exec(raw)?.groups;
  return groups && { code: groups["code"] ?? "", said: (groups["said"] ?? "").trim() };
}

/** cuda_call.cc: `CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=… ; file=… ; line=… ; expr=…`. */
const cudaFailure = /CUDA failure (?<code>\d+): (?<said>[^;\n]*?)(?: ; GPU=|\s*$)/m;
/** cuda_kernel.h, after a kernel: `CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for …`. */
const kernelFailure = /CUDA error (?<code>cudaError\w+): ?(?<said>[^;\n]*)/;
/** Of the libraries that the provider looks for when an operator needs them. */
const absentLibrary = /(?<library>cuDNN|cuFFT) is unavailable/;

function explainUnloaded(provider: "cuda" | "tensorrt", { has, complaint }: ProviderLibraries): EngineFailure {
  const name = names[provider];
  if (!has(libraryOf[provider])) {
    const message = `The server image has no ${name} provider. Use the image server-gpu (server.gpuImage of the chart), or cpu in spec.server.session.providers.`;
    return { reason: "InvalidConfiguration", message };
  }
  if (complaint(driverLibrary) !== undefined) {
    const message = `There is no NVIDIA driver: ${driverLibrary} is not in the container. The node needs the driver and the NVIDIA container runtime, and the pod a GPU by spec.gpu.`;
    return { reason: "ProviderUnavailable", message };
  }
  const said = complaint(libraryOf[provider]);
  const missing = lacking.exec(said ?? "")?.groups?.["library"];
  if (missing !== undefined) return lackingInImage(name, missing);
  const detail = said === undefined ? "" : `: ${cleanMessage(said.replaceAll(/\S*\/(?=[^/\s]+\.so)/g, ""))}`;
  const message = `The ${name} provider cannot be loaded${detail}. Use the server image as it was built.`;
  return { reason: "InvalidConfiguration", message };
}

/** ld.so(8) and glibc's dl-load.c. */
const lacking = /(?<library>[\w.+-]+\.so[\w.]*): cannot open shared object file/;

function lackingInImage(name: string, library: string): EngineFailure {
  const message = `The server image lacks ${library}, which the ${name} provider needs. Use the image server-gpu, or add the library to yours.`;
  return { reason: "InvalidConfiguration", message };
}

function explainCudaFailure(name: string, { code, said }: CudaFailure): EngineFailure {
  const advice =
    cudaAdvice[code === "cudaErrorNoKernelImageForDevice" ? "209" : code] ??
    "The log of the node's driver (dmesg, as NVRM or Xid) may say more.";
  return {
    reason: isOutOfMemory(said) ? "OutOfMemory" : "ProviderUnavailable",
    message: `The ${name} provider does not work on this node: ${said} (CUDA error ${code}). ${advice}`,
  };
}

/** By cudaError_t of CUDA 13 (driver_types.h). */
const cudaAdvice: Readonly<Record<string, string>> = {
  2: "Choose a GPU with more memory by spec.gpu.minMemory, or a smaller model; other pods on the same GPU use it as well.",
  35: "The image's CUDA 13.0 needs driver 580 or later: update the node's driver, or choose another node by spec.placement.",
  46: "Another process has the GPU for itself: its compute mode must be Default.",
  100: "The driver is there but shows no GPU: ask for one by spec.gpu, and see whether the node's device plugin gives it.",
  101: "The driver shows no such GPU: see whether the node's device plugin gives one.",
  209: "The provider has code for GPUs of compute capability 7.5, 8.0, 8.6, 8.9, 9.0 and 12.0, and none for others, such as the B200 (10.0): choose one of these by spec.gpu.products.",
  802: "GPUs that are joined by NVSwitch need the node's fabric manager: start it.",
  803: "The driver's libraries are of another version than the node's kernel module, as after an update: restart the node.",
  804: "The container brings a driver of its own (cuda-compat) that the GPU does not take: leave it out of the image.",
};
