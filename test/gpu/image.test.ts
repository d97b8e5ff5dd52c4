/**
 * The server's image for GPUs, built and started where there is none: everything up to the driver's door. It downloads
 * 1.4 GB once, needs 6 GB of disk, and runs when it is asked for: make gpu-image.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nvidiaLibraries, providerLibraries } from "../../images/gpu-libraries.ts";
import { stageGpuServer } from "../../images/stage.ts";
import type { ServeReport } from "../../server/contract.ts";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { baseImage } from "../cluster/image/base.ts";
import { buildImage, localName } from "../cluster/image/build.ts";
import { buildah } from "../cluster/image/storage.ts";
import { silent } from "../cluster/report.ts";
import { addModel } from "../fixtures/models/arithmetic.ts";
import { call, post, type RunningServer, startServer } from "../integration/server/harness.ts";

const tag = "slipway-server-gpu:image-test";
/** As it lies on a node's disk. */
const largestBytes = 2.2e9;
const engineFolder = "app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64";
const cudaFolder = "usr/local/cuda/lib64";

/** What ldd does, which is a shell's script, and the image has no shell. The variable would trace any other program as well. */
const trace = `
  const env = { LD_TRACE_LOADED_OBJECTS: "1", LD_LIBRARY_PATH: "/${cudaFolder}" };
  require("node:child_process").spawnSync("/lib64/ld-linux-x86-64.so.2", process.argv.slice(1), { env, stdio: "inherit" });`;

interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
}

describe("the server's image for GPUs", { concurrency: false }, () => {
  let directory: string;
  let container: string;
  let root: string;
  let config: ImageConfig;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-gpu-image-"));
    // Kept from one run to the next, as what it downloads is.
    const context = join(repositoryDirectory, "build", "server-gpu");
    await stageGpuServer(repositoryDirectory, context);
    await buildImage({
      dockerfile: join(repositoryDirectory, "images", "server-gpu.Dockerfile"),
      context,
      tag,
      buildArgs: { BASE: await baseImage(silent, ["zlib1g"]) },
    });
    container = (await buildah("from", [localName(tag)])).stdout.trim();
    root = (await buildah("mount", [container])).stdout.trim();
    const inspected = (await buildah("inspect", ["--type", "image", localName(tag)])).stdout;
    config = (JSON.parse(inspected) as { readonly OCIv1: { readonly config: ImageConfig } }).OCIv1.config;
  });
  after(async () => {
    await buildah("rm", [container]);
    await buildah("rmi", [localName(tag)]);
    await rm(directory, { recursive: true });
  });

  const start = (variables: Readonly<Record<string, string>>, untilReady = true): Promise<RunningServer> => {
    const image = {
      root,
      command: [...config.Entrypoint, ...config.Cmd],
      environment: config.Env,
      user: config.User,
    };
    return startServer({ files: { "model.onnx": addModel() }, image, variables, untilReady });
  };

  /** Of a server that does not start. */
  const refusalOf = async (variables: Readonly<Record<string, string>>): Promise<readonly [string, string]> => {
    const server = await start(variables, false);
    assert.equal((await server.exited).code, 1);
    const report = await server.report();
    await server.stop();
    assert.ok(report !== undefined && !report.ok);
    assert.equal(report.stage, "Load");
    return [report.reason, report.message];
  };

  test("has a bounded size, which is told", async (context) => {
    const { stdout } = await run("du", ["--summarize", "--bytes", root]);
    const bytes = Number.parseInt(stdout, 10);
    context.diagnostic(`the image has ${(bytes / 1e9).toFixed(2)} GB`);
    assert.ok(bytes > 1e9 && bytes <= largestBytes, `${bytes} bytes`);
  });

  test("runs as a user that is not root, sends no telemetry, and takes no GPU that it was not given", () => {
    assert.equal(config.User, "65532:65532");
    assert.ok(config.Env.includes("ORT_DISABLE_TELEMETRY=1"));
    assert.ok(config.Env.includes("SLIPWAY_PROVIDERS=cuda"));
    assert.deepEqual(
      config.Env.filter((variable) => /^NVIDIA_(?:VISIBLE_DEVICES|REQUIRE)/.test(variable)),
      [],
    );
  });

  test("has the terms of all that it passes on", async () => {
    const texts = await readdir(join(root, "usr/share/doc/slipway-server-gpu"));
    for (const owner of ["onnxruntime", "nvidia_cuda_runtime", "nvidia_cublas", "nvidia_cudnn_cu13", "nvidia_cufft"]) {
      assert.ok(
        texts.some((name) => name.startsWith(owner)),
        `${owner} is not among ${texts.join(", ")}`,
      );
    }
  });

  for (const library of [...nvidiaLibraries, ...providerLibraries]) {
    test(`${library} lacks nothing but the driver`, async () => {
      const folder = providerLibraries.includes(library) ? engineFolder : cudaFolder;
      const { stdout } = await run("chroot", [root, "/usr/local/bin/node", "-e", trace, `/${folder}/${library}`]);
      assert.match(stdout, /=> /);
      const missing = [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name);
      const expected: Readonly<Record<string, readonly string[]>> = {
        "libonnxruntime_providers_cuda.so": ["libcuda.so.1"],
        // Comes as the provider alone: NVIDIA's own libraries of TensorRT are for whoever adds them.
        "libonnxruntime_providers_tensorrt.so": ["libnvinfer.so.10", "libnvonnxparser.so.10"],
      };
      assert.deepEqual(missing, expected[library] ?? []);
    });
  }

  test("refuses to start without a driver, and says so", async () => {
    assert.deepEqual(await refusalOf({}), [
      "ProviderUnavailable",
      "There is no NVIDIA driver: libcuda.so.1 is not in the container. The node needs the driver and the NVIDIA container runtime, and the pod a GPU by spec.gpu.",
    ]);
  });

  test("serves on the CPU where that is allowed, and says why", async () => {
    const server = await start({ SLIPWAY_PROVIDERS: "cuda,cpu" });
    const inputs = ["a", "b"].map((name) => ({ name, datatype: "FP32", shape: [1, 2], data: [1, 2] }));
    const { json } = await post(`${server.url}/v2/models/m/infer`, { inputs });
    const report = (await call(`${server.metricsUrl}/slipway/report`)).json as ServeReport;
    assert.equal((await server.stop()).code, 0);
    const [output] = (json as { readonly outputs: readonly { readonly data: readonly number[] }[] }).outputs;
    assert.deepEqual(output?.data, [2, 4]);
    assert.equal(report.provider, "cpu");
    assert.match(report.refusedProviders[0]?.message ?? "", /^There is no NVIDIA driver/);
  });

  describe("with a driver that stands in for NVIDIA's", () => {
    const library = (): string => join(root, "usr/lib/x86_64-linux-gnu/libcuda.so.1");
    before(() => run("cc", ["-shared", "-fPIC", "-o", library(), join(import.meta.dirname, "driver.c")]));
    after(() => rm(library()));

    // That the runtime asks the driver at all shows that the provider of PyPI's wheel fits npm's ONNX Runtime.
    const table: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
      ["no GPU", {}, /no CUDA-capable device is detected \(CUDA error 100\)\..*spec\.gpu/],
      [
        "a driver that is too old",
        { DRIVER_VERSION: "12080" },
        /CUDA driver version is insufficient for CUDA runtime version \(CUDA error 35\)\..*driver 580 or later/,
      ],
      [
        "a driver of another version than the kernel's",
        { DRIVER_ERROR: "803" },
        /unsupported display driver \/ cuda driver combination \(CUDA error 803\)\..*restart the node/,
      ],
      ["a GPU that another process has for itself", { DRIVER_ERROR: "46" }, /\(CUDA error 46\)\./],
    ];
    for (const [what, variables, says] of table) {
      test(`refuses to start with ${what}, and says so`, async () => {
        const [reason, message] = await refusalOf(variables);
        assert.equal(reason, "ProviderUnavailable");
        assert.match(message, says);
      });
    }

    test("names the library that is missing", async () => {
      const [there, away] = [join(root, cudaFolder, "libcurand.so.10"), join(root, cudaFolder, "away")];
      await run("mv", [there, away]);
      const [reason, message] = await refusalOf({});
      await run("mv", [away, there]);
      assert.equal(reason, "InvalidConfiguration");
      assert.match(message, /^The server image lacks libcurand\.so\.10, which the CUDA provider needs\./);
    });

    test("has no TensorRT", async () => {
      const [reason, message] = await refusalOf({ SLIPWAY_PROVIDERS: "tensorrt" });
      assert.equal(reason, "InvalidConfiguration");
      assert.match(message, /^The server image lacks libnvinfer\.so\.10, which the TensorRT provider needs\./);
    });
  });
});
