import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cleanMessage } from "./explain.ts";
import { explainBrokenProvider, explainProviderRefusal, type ProviderLibraries } from "./provider-refusal.ts";

/** As onnxruntime-node 1.30 says it with the CUDA provider of the same version, and the linker of glibc 2.36. */
const said = {
  unloaded: "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library",
  unloadedTensorRt: "OrtSessionOptionsAppendExecutionProvider_TensorRT: Failed to load shared library",
  failure: (code: number, words: string): string =>
    `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, const char*, int) [with ERRTYPE = cudaError; bool THRW = true; SUCCTYPE = cudaError; std::conditional_t<THRW, void, common::Status> = void] /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:146 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, const char*, int) [with ERRTYPE = cudaError; bool THRW = true; SUCCTYPE = cudaError; std::conditional_t<THRW, void, common::Status> = void] CUDA failure ${code}: ${words} ; GPU=-1 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider.cc ; line=352 ; expr=cudaSetDevice(info_.device_id); \n\n`,
  kernel:
    "Non-zero status code returned while running Add node. Name:'node_0' Status Message: CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device",
} as const;

const cudaLibrary = "libonnxruntime_providers_cuda.so";

function machine(has: readonly string[], complaints: Readonly<Record<string, string>> = {}): ProviderLibraries {
  return { has: (file) => has.includes(file), complaint: (library) => complaints[library] };
}

function notFound(library: string): string {
  return `${library}: cannot open shared object file: No such file or directory`;
}

describe("why a provider did not take a model", () => {
  const table: readonly (readonly [string, string, ProviderLibraries, string, RegExp])[] = [
    [
      "the image is the one without it",
      said.unloaded,
      machine([], { "libcuda.so.1": notFound("libcuda.so.1") }),
      "InvalidConfiguration",
      /^The server image has no CUDA provider\. Use the image server-gpu/,
    ],
    [
      "there is no driver",
      said.unloaded,
      machine([cudaLibrary], { "libcuda.so.1": notFound("libcuda.so.1"), [cudaLibrary]: notFound("libcuda.so.1") }),
      "ProviderUnavailable",
      /^There is no NVIDIA driver: libcuda\.so\.1 is not in the container\./,
    ],
    [
      "one of NVIDIA's libraries is missing",
      said.unloaded,
      machine([cudaLibrary], { [cudaLibrary]: notFound("libcublasLt.so.13") }),
      "InvalidConfiguration",
      /^The server image lacks libcublasLt\.so\.13, which the CUDA provider needs\./,
    ],
    [
      "the linker has another complaint, whose path is left out",
      said.unloaded,
      machine([cudaLibrary], {
        [cudaLibrary]: `/app/node_modules/onnxruntime-node/bin/${cudaLibrary}: undefined symbol: cuTensorMapEncodeTiled`,
      }),
      "InvalidConfiguration",
      /^The CUDA provider cannot be loaded: libonnxruntime_providers_cuda\.so: undefined symbol: cuTensorMapEncodeTiled\. /,
    ],
    [
      "the linker has none, which leaves nothing to say",
      said.unloaded,
      machine([cudaLibrary]),
      "InvalidConfiguration",
      /^The CUDA provider cannot be loaded\. /,
    ],
    [
      "TensorRT is not in the image",
      said.unloadedTensorRt,
      machine([cudaLibrary]),
      "InvalidConfiguration",
      /^The server image has no TensorRT provider\./,
    ],
    [
      "no GPU",
      said.failure(100, "no CUDA-capable device is detected"),
      machine([]),
      "ProviderUnavailable",
      /spec\.gpu/,
    ],
    [
      "the driver is too old",
      said.failure(35, "CUDA driver version is insufficient for CUDA runtime version"),
      machine([]),
      "ProviderUnavailable",
      /^The CUDA provider does not work on this node: CUDA driver version is insufficient for CUDA runtime version \(CUDA error 35\)\. .*driver 580/,
    ],
    [
      "libraries and kernel module differ",
      said.failure(803, "system has unsupported display driver / cuda driver combination"),
      machine([]),
      "ProviderUnavailable",
      /restart the node/,
    ],
    [
      "nobody knows",
      said.failure(999, "unknown error"),
      machine([]),
      "ProviderUnavailable",
      /\(CUDA error 999\)\. The log/,
    ],
    ["no memory", said.failure(2, "out of memory"), machine([]), "OutOfMemory", /minMemory/],
    [
      "cuDNN is missing",
      "cuDNN is unavailable for CUDA Execution Provider: cuDNN library was not found",
      machine([]),
      "InvalidConfiguration",
      /^The server image lacks cuDNN/,
    ],
  ];
  for (const [name, raw, libraries, reason, message] of table) {
    test(name, () => {
      const provider = raw === said.unloadedTensorRt ? "tensorrt" : "cuda";
      const explained = explainProviderRefusal(provider, raw, libraries);
      assert.equal(explained?.reason, reason);
      assert.match(explained.message, message);
      assert.doesNotMatch(explained.message, /hostname|\/onnxruntime_src|\/app/);
    });
  }

  test("what the model is refused for is not the provider's doing", () => {
    const broken = "Load model from /model/a.onnx failed:Protobuf parsing failed.";
    assert.equal(explainProviderRefusal("cuda", broken, machine([])), undefined);
    assert.equal(explainProviderRefusal("cpu", said.failure(100, "no device"), machine([])), undefined);
  });
});

describe("a provider that took the model and cannot run it", () => {
  for (const raw of [said.kernel, said.failure(209, "no kernel image is available for execution on the device")]) {
    test(`is told by ${raw.slice(0, 20)}, as the warm-up cleans it`, () => {
      const explained = explainBrokenProvider("cuda", cleanMessage(raw));
      assert.equal(explained?.reason, "ProviderUnavailable");
      assert.match(explained.message, /no kernel image is available for execution on the device.*8\.9, 9\.0 and 12\.0/);
    });
  }

  test("but not by inputs that the model does not take, or that are too large for it", () => {
    assert.equal(explainBrokenProvider("cuda", "Add node. Name:'a' 2 by 3"), undefined);
    assert.equal(explainBrokenProvider("cuda", cleanMessage(said.failure(2, "out of memory"))), undefined);
    assert.equal(explainBrokenProvider("cuda", undefined), undefined);
    assert.equal(explainBrokenProvider("cpu", said.kernel), undefined);
  });
});

test("where an error of the GPU happened is nobody's business", () => {
  const clean = cleanMessage(said.failure(700, "an illegal memory access was encountered"));
  assert.doesNotMatch(clean, /hostname|vm|GPU=|expr|\.cc/);
  assert.match(clean, /CUDA failure 700: an illegal memory access was encountered$/);
});
