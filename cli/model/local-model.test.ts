import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { runFetch } from "../../server/fetch/fetch.ts";
import { identityModel } from "../../test/fixtures/models/arithmetic.ts";
import { mapsOutput, zipMapModel } from "../../test/fixtures/models/held-values.ts";
import { onnxModel, type Value } from "../../test/fixtures/onnx.ts";
import { showType } from "./datatype.ts";
import { digestOf, hashFiles, type LocalModel, openLocalModel, requireServable, totalBytes } from "./local-model.ts";
import { isUri } from "./fetched-model.ts";

const root = await mkdtemp(join(tmpdir(), "slipway-local-"));
after(() => rm(root, { recursive: true }));

let folders = 0;
async function folder(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  folders += 1;
  const directory = join(root, String(folders));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, ".."), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

async function digest(model: LocalModel): Promise<string> {
  return digestOf(await hashFiles(model, { signal: new AbortController().signal, onBytes: () => undefined }));
}

const weights = new Uint8Array(16);
function external(location: string): Uint8Array {
  const four = { elementType: "float32", dims: [4] } as const;
  const oneWeight = { name: "w", ...four, external: { location, length: 16 } };
  return onnxModel({
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ name: "x", ...four }],
    outputs: [{ name: "y", ...four }],
    initializers: [oneWeight],
  });
}

test("a uri is told from a path", () => {
  assert.deepEqual(["oci://r/m:1", "s3://b/k", "./m.onnx", "m.onnx", "C:/m.onnx", "/a://b"].map(isUri), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

describe("a file", () => {
  test("is taken alone, whatever lies beside it", async () => {
    const directory = await folder({ "a.onnx": identityModel(), "b.onnx": "x", "notes.txt": "x" });
    const model = await openLocalModel(join(directory, "a.onnx"));
    assert.deepEqual([...model.sizes.keys()], ["a.onnx"]);
    assert.equal(await digest(model), `sha256:${createHash("sha256").update(identityModel()).digest("hex")}`);
    assert.equal(totalBytes(model), identityModel().byteLength);
  });

  test("brings the files that it keeps weights in", async () => {
    const directory = await folder({ "model.onnx": external("data/w.bin"), "data/w.bin": weights, "notes.txt": "x" });
    const model = await openLocalModel(join(directory, "model.onnx"));
    assert.deepEqual([...model.sizes.keys()], ["model.onnx", "data/w.bin"]);
    requireServable(model);
  });

  test("without its weights cannot be served", async () => {
    const model = await openLocalModel(join(await folder({ "model.onnx": external("w.bin") }), "model.onnx"));
    assert.throws(() => requireServable(model), { name: "TruncatedModel" });
  });

  test("with weights outside its folder cannot be served, and takes nothing from there", async () => {
    const directory = await folder({ "in/model.onnx": external("../w.bin"), "w.bin": weights });
    const model = await openLocalModel(join(directory, "in", "model.onnx"));
    assert.deepEqual([...model.sizes.keys()], ["model.onnx"]);
    assert.throws(() => requireServable(model), { name: "UnsafeArchive" });
  });
});

describe("a folder", () => {
  test("has the digest that a pod finds for file://", async () => {
    const directory = await folder({
      "model.onnx": external("data/w.bin"),
      "data/w.bin": weights,
      "labels.txt": "a\nb",
    });
    const model = await openLocalModel(directory);
    const report = join(await folder({ report: "" }), "report");
    const variables = {
      SLIPWAY_MODEL_NAME: "m",
      SLIPWAY_MODEL_VERSION: "v1",
      SLIPWAY_MODEL_URI: `file://${directory}`,
      SLIPWAY_MODEL_DIRECTORY: join(root, "fetched"),
      SLIPWAY_MODEL_DIGEST: await digest(model),
      SLIPWAY_TERMINATION_MESSAGE: report,
    };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    assert.equal(await runFetch(variables, { log }), 0);
  });

  test("may link to files, as model caches do", async () => {
    const directory = await folder({ "blobs/1": identityModel(), "snapshot/labels.txt": "a" });
    await symlink("../blobs/1", join(directory, "snapshot", "model.onnx"));
    assert.deepEqual(
      [...(await openLocalModel(join(directory, "snapshot"))).sizes.keys()],
      ["labels.txt", "model.onnx"],
    );
  });

  test("with two models to choose from is refused, and one without any", async () => {
    await assert.rejects(openLocalModel(await folder({ "a.onnx": identityModel(), "b.onnx": identityModel() })), {
      name: "NotAModel",
    });
    await assert.rejects(openLocalModel(await folder({ "a.txt": "x" })), { name: "NotAModel" });
  });
});

test("an input that no protocol can carry cannot be served", async () => {
  const complex = identityModel({ elementType: "complex64" });
  const model = await openLocalModel(join(await folder({ "m.onnx": complex }), "m.onnx"));
  assert.throws(() => requireServable(model), {
    message: /^The input "x" is COMPLEX64, which no prediction protocol can carry/,
  });
});

describe("what ONNX Runtime, and not the file, says is served", () => {
  const value = { elementType: "float32", dims: ["n"] } as const;
  const modelWith = (output: Value, ...more: readonly Value[]): Uint8Array =>
    onnxModel({
      nodes: [{ operator: "Relu", inputs: ["x"], outputs: ["y"] }],
      inputs: [{ name: "x", ...value }, ...more],
      outputs: [output],
    });
  const table: readonly (readonly [string, Uint8Array, boolean])[] = [
    ["an output without a type", modelWith({ name: "y", ...value, isUntyped: true }), true],
    ["a sequence of tensors", modelWith({ name: "y", ...value, held: "sequence" }), true],
    ["a sequence of maps", zipMapModel(["cat", "dog"], { outputs: [mapsOutput("probabilities")] }), true],
    [
      "an input that cannot be sent and may be left out",
      modelWith({ name: "y", ...value }, { name: "o", elementType: "complex64", dims: [], held: "optional" }),
      true,
    ],
    [
      "a sequence of what cannot be sent",
      modelWith({ name: "y", elementType: "complex64", dims: [], held: "sequence" }),
      false,
    ],
    ["an optional as the only output", modelWith({ name: "y", ...value, held: "optional" }), false],
  ];
  for (const [name, content, isServed] of table) {
    test(name, async () => {
      const model = await openLocalModel(join(await folder({ "m.onnx": content }), "m.onnx"));
      if (isServed) assert.doesNotThrow(() => requireServable(model));
      else assert.throws(() => requireServable(model), { name: "LoadFailed" });
    });
  }

  test("and is shown as what it is", () => {
    const shown = (type: string, of?: string): string =>
      showType({ name: "y", type, dims: null, ...(of === undefined ? {} : { of: { type: of, dims: null } }) });
    assert.deepEqual(
      [
        shown("FLOAT"),
        shown("UNDEFINED"),
        shown("SEQUENCE", "STRING"),
        shown("SEQUENCE", "MAP"),
        shown("OPTIONAL", "INT64"),
        shown("SEQUENCE", "BFLOAT16"),
        shown("BFLOAT16"),
      ],
      [
        "FP32",
        "not said",
        "sequence of BYTES",
        "FP32 by class",
        "optional INT64",
        "SEQUENCE (not served)",
        "BFLOAT16 (not served)",
      ],
    );
  });
});

describe("what is no model", () => {
  test("nothing at all", async () => {
    await assert.rejects(openLocalModel(join(root, "none.onnx")), {
      message: /^nothing lies at .*none\.onnx: check the path$/,
    });
  });
  test("a device", async () => {
    await assert.rejects(openLocalModel("/dev/null"), { message: "/dev/null is neither a file nor a folder" });
  });
  test("a web page", async () => {
    const directory = await folder({ "m.onnx": "<!doctype html><p>Log in</p>" });
    await assert.rejects(openLocalModel(join(directory, "m.onnx")), { message: /it looks like a web page/ });
  });
});

test("hashing stops when it is told to", async () => {
  const model = await openLocalModel(join(await folder({ "m.onnx": identityModel() }), "m.onnx"));
  await assert.rejects(hashFiles(model, { signal: AbortSignal.abort(), onBytes: () => undefined }), {
    name: "AbortError",
  });
});
