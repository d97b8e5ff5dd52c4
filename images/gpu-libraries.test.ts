import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { requirementsFile } from "./gpu-libraries.ts";

const repository = join(import.meta.dirname, "..");

test("ONNX Runtime's provider has the version of the ONNX Runtime that it is put beside", async () => {
  const lock = JSON.parse(await readFile(join(repository, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  const version = lock.packages["node_modules/onnxruntime-node"]?.version;
  const [, pinned] = /^onnxruntime-gpu==(\S+)/m.exec(await readFile(requirementsFile, "utf8")) ?? [];
  assert.ok(version !== undefined);
  assert.equal(pinned, version);
});

test("every package is pinned to one version and one file", async () => {
  const lines = (await readFile(requirementsFile, "utf8")).split("\n").filter((line) => !/^(#|$)/.test(line));
  assert.equal(lines.length, 7);
  for (const line of lines) assert.match(line, /^[a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}$/);
});

test("the Dockerfile copies what is staged, the large and lasting parts first, and differs from the other's in that alone", async () => {
  const [own, other] = await Promise.all(
    ["server-gpu", "server"].map((name) => readFile(join(repository, "images", `${name}.Dockerfile`), "utf8")),
  );
  const copies = (text = ""): readonly string[] => [...text.matchAll(/^COPY (.*)$/gm)].map(([, what = ""]) => what);
  const gpuCopies = [
    "cuda /usr/local/cuda/lib64",
    "licenses /usr/share/doc/slipway-server-gpu",
    "providers /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64",
  ];
  assert.deepEqual(copies(own).slice(0, 2), gpuCopies.slice(0, 2));
  assert.deepEqual(
    copies(own).filter((what) => !gpuCopies.includes(what)),
    copies(other),
  );
  assert.equal(copies(own).length, copies(other).length + gpuCopies.length);
  for (const instruction of ["FROM", "USER", "ENTRYPOINT", "CMD", "WORKDIR"]) {
    const line = new RegExp(`^${instruction} .*$`, "m");
    assert.equal(line.exec(own ?? "")?.[0], line.exec(other ?? "")?.[0]);
  }
});
