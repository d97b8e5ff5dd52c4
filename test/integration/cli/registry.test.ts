import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { load } from "js-yaml";
import { directionModels } from "../../../demo/models.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { startCuttingProxy } from "../fetch/servers/cutting-proxy.ts";
import { fetching } from "../fetch/fetching.ts";
import { type Registry, startRegistry } from "../fetch/servers/registry.ts";
import { inTerminal, slipway } from "./slipway.ts";
import { directory, inspected, push, pushed } from "./pushing.ts";

const oneWeight = { name: "w", elementType: "float32", dims: [4] } as const;

const value = { elementType: "float32", dims: [4] } as const;

const withWeights = onnxModel({
  nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
  inputs: [{ name: "x", ...value }],
  outputs: [{ name: "y", ...value }],
  initializers: [{ ...oneWeight, external: { location: "data/w.bin", length: 16 } }],
});

describe("a registry over plain HTTP", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.close());

  const uri = (tag: string, repository = "models/direction"): string => `oci://${registry.host}/${repository}:${tag}`;

  test("takes a model, which a pod then fetches under the digest that was printed", async () => {
    const { digest, version, replaced } = await pushed("model.onnx", uri("1"));
    assert.deepEqual([version, replaced], [{ name: "1", uri: uri("1"), digest }, null]);
    const { report, files } = await fetching({
      SLIPWAY_MODEL_URI: uri("1"),
      SLIPWAY_MODEL_DIGEST: digest,
      SLIPWAY_PLAIN_HTTP_HOSTS: registry.host,
    });
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(files.get("model.onnx"), Buffer.from(directionModels().v1));
  });

  test("prints what to paste into a manifest", async () => {
    const { code, stdout } = await push("model.onnx", uri("paste"));
    assert.equal(code, 0);
    const entry = stdout.slice(stdout.indexOf("    - name"));
    const [version] = load(entry) as [{ name: string; uri: string; digest: string }];
    assert.deepEqual([version.name, version.uri], ["paste", uri("paste")]);
    assert.ok(stdout.includes(`digest  ${version.digest}`));
  });

  test("is sent nothing that it has, and the same files have the same digest", async () => {
    const first = await pushed("model.onnx", uri("again-1"));
    const second = await pushed("model.onnx", uri("again-2"));
    assert.equal(second.digest, first.digest);
    assert.deepEqual(
      second.files.map(({ wasThere }) => wasThere),
      [true],
    );
  });

  test("takes a folder file by file, and a model with the weights that it keeps in other files", async () => {
    const folder = join(directory, "folder");
    await mkdir(join(folder, "data"), { recursive: true });
    await writeFile(join(folder, "model.onnx"), withWeights);
    await writeFile(join(folder, "data", "w.bin"), randomBytes(16));
    await writeFile(join(folder, "labels.txt"), "0\n180\n");
    const whole = await pushed("folder", uri("folder"));
    assert.deepEqual(
      whole.files.map(({ name }) => name),
      ["data/w.bin", "labels.txt", "model.onnx"],
    );
    const alone = await pushed("folder/model.onnx", uri("weights"));
    assert.deepEqual(
      alone.files.map(({ name }) => name),
      ["model.onnx", "data/w.bin"],
    );
    const found = await inspected(uri("weights"), "--plain-http");
    assert.deepEqual([found.digest, found.served.isServed], [alone.digest, true]);
    assert.deepEqual(
      found.otherFiles.map(({ path }) => path),
      ["data/w.bin"],
    );
  });

  test("is told of a tag that names other bytes now", async () => {
    const earlier = await pushed("model.onnx", uri("moved"));
    await writeFile(join(directory, "other.onnx"), identityModel());
    const { stdout } = await push("other.onnx", uri("moved"));
    assert.match(stdout, new RegExp(`The tag moved named ${earlier.digest} before\\.`));
    assert.match(stdout, /VersionReused/);
  });

  test("is sent nothing at all when the model could not be served", async () => {
    await writeFile(join(directory, "future.onnx"), identityModel({ opset: 99 }));
    const { code, stderr } = await push("future.onnx", uri("1", "models/future"));
    assert.equal(code, 1);
    assert.match(stderr, /^error: The model uses opset 99 of ai\.onnx; this server loads 1 to \d+/);
    const look = await slipway(["inspect", uri("1", "models/future"), "--plain-http"]);
    assert.match(look.stderr, /127\.0\.0\.1:\d+ has no models\/future:1\./);
  });

  test("shows its progress in a terminal", async () => {
    await writeFile(join(directory, "large.onnx"), largeModel());
    const { code, screen } = await inTerminal(["push", join(directory, "large.onnx"), uri("large"), "--plain-http"]);
    assert.equal(code, 0, screen);
    const drawn = screen.split("\r\u001b[K");
    assert.ok(
      drawn.some((line) => /^pushing 1 file, 20\.0 MiB {2}\[#+ *\] +\d+% /.test(line)),
      screen,
    );
    assert.match(stripVTControlCharacters(drawn.at(-1) ?? ""), /digest {2}sha256:[0-9a-f]{64}/);
  });

  test("shows the progress of a download in a terminal, with a bar, whatever the length of the uri", async () => {
    await writeFile(join(directory, "large.onnx"), largeModel());
    const long = uri("large", `${"team/".repeat(12)}models/large`);
    assert.equal((await push("large.onnx", long)).code, 0);
    const { code, screen } = await inTerminal(["inspect", long, "--plain-http"]);
    assert.equal(code, 0, screen);
    const drawn = screen.split("\r\u001b[K");
    // How much of the uri is left depends on the width of the figures, and so on the speed.
    assert.ok(
      drawn.some((line) => /^fetching \S*…\S+:large {2}\[#+ *\] +\d+% {2}\S+ MiB of 20\.0 MiB/.test(line)),
      screen,
    );
    assert.ok(
      drawn.slice(0, -1).every((line) => line.length < 80),
      screen,
    );
  });

  test("is not spoken to over TLS by mistake, nor without it", async () => {
    const { code, stderr } = await slipway(["push", join(directory, "model.onnx"), uri("1")]);
    assert.equal(code, 1);
    assert.match(stderr, /does not speak TLS: use --plain-http if that is meant/);
  });

  test("that cuts a connection half-way is asked again", async () => {
    const proxy = await startCuttingProxy(registry.host, { kind: "cut", afterBytes: 400, times: 2 });
    try {
      const target = `oci://${proxy.host}/models/cut:1`;
      const { code, stderr } = await slipway(["push", join(directory, "model.onnx"), target, "--plain-http"]);
      assert.equal(code, 0, stderr);
      assert.equal(proxy.broken(), 2);
      assert.match(stderr, /cut the connection \(.*\); trying again in \d+ s/);
      const look = await slipway(["inspect", uri("1", "models/cut"), "--plain-http"]);
      assert.equal(look.code, 0, look.stderr);
    } finally {
      await proxy.close();
    }
  });
});

test("a place that is none is refused before anything is read", async () => {
  const cases: readonly (readonly [target: string, code: number, says: RegExp])[] = [
    ["registry.test/m:1", 2, /write oci:\/\/HOST\/REPOSITORY:TAG/],
    [`oci://registry.test/m@sha256:${"1".repeat(64)}`, 2, /a push needs a tag, not a digest/],
    ["oci://registry.test/M:1", 1, /has a repository that is not lower-case words/],
    ["oci://me:secret@registry.test/m:1", 1, /which are not taken from a uri/],
  ];
  for (const [target, code, says] of cases) {
    const ran = await slipway(["push", "/nowhere.onnx", target]);
    assert.equal(ran.code, code, target);
    assert.match(ran.stderr, says);
    assert.ok(!ran.stderr.includes("secret"));
  }
});

test("a host that is not there is named", async () => {
  const { code, stderr } = await slipway(["push", join(directory, "model.onnx"), "oci://registry.invalid/m:1"]);
  assert.equal(code, 1);
  assert.match(stderr, /there is no host registry\.invalid: check the name in the uri/);
});

/** Twenty megabytes: some moments on the way, so that progress has something to show. */
function largeModel(): Uint8Array {
  const elements = 5 * 1024 ** 2 - 100;
  const weight = { name: "w", elementType: "float32", dims: [elements], raw: randomBytes(4 * elements) } as const;
  const many = { elementType: "float32", dims: [elements] } as const;
  return onnxModel({
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ name: "x", ...many }],
    outputs: [{ name: "y", ...many }],
    initializers: [weight],
  });
}
