import assert from "node:assert/strict";
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { bundle } from "../images/bundle.ts";
import { bundledKeys, dependencyKeys, type Lock, npmPackages, runtimeKeys } from "./npm-packages.ts";

/**
 * A project and its packages. The code of each package says its own name, so that the bundle itself tells what is in it.
 * `shaken` is imported, and nothing of it is used; `external` stays an import; `unused` is only in the lock file.
 */
const sources: Readonly<Record<string, string>> = {
  "operator/main.ts": `
    import { used } from "used";
    import { shaken } from "shaken";
    import "external";
    const { common } = require("@scope/common");
    console.log(used, common, () => import("later"));`,
  "node_modules/used/index.js": 'import { nested } from "nested"; export const used = ["code of used", nested];',
  "node_modules/used/node_modules/nested/index.js": 'export const nested = "code of nested in used";',
  "node_modules/nested/index.js": 'export const nested = "code of nested";',
  "node_modules/shaken/index.js": 'export const shaken = "code of shaken";',
  "node_modules/@scope/common/lib/index.js": 'exports.common = "code of common";',
  "node_modules/later/index.js": 'export const later = "code of later";',
  "node_modules/external/index.js": 'export const external = "code of external";',
  "node_modules/unused/index.js": 'export const unused = "code of unused";',
};

const manifests: Readonly<Record<string, object>> = {
  "node_modules/shaken/package.json": { type: "module", sideEffects: false },
  "node_modules/@scope/common/package.json": { main: "lib/index.js" },
};

test("the packages of a bundle are those whose code is in it, and no others", async (context) => {
  const repository = await mkdtemp(join(tmpdir(), "slipway-packages-"));
  context.after(() => rm(repository, { recursive: true }));
  const descriptions = Object.entries(manifests).map(([file, content]) => [file, JSON.stringify(content)] as const);
  for (const [file, text] of [...Object.entries(sources), ...descriptions]) {
    await mkdir(dirname(join(repository, file)), { recursive: true });
    await writeFile(join(repository, file), text);
  }
  const output = join(repository, "build");
  await mkdir(output);
  const metafile = await bundle({ repository, half: "operator", output, external: ["external"] });
  const keys = bundledKeys(metafile);

  assert.deepEqual(keys, [
    "node_modules/@scope/common",
    "node_modules/later",
    "node_modules/used",
    "node_modules/used/node_modules/nested",
  ]);
  const files = await Array.fromAsync(glob("*.mjs", { cwd: output }));
  const code = (await Promise.all(files.map((file) => readFile(join(output, file), "utf8")))).join("\n");
  for (const [file, text] of Object.entries(sources).filter(([path]) => path.startsWith("node_modules/"))) {
    const [said = ""] = /"code of [^"]+"/.exec(text) ?? [];
    assert.equal(
      keys.some((key) => file.startsWith(`${key}/`) && !file.slice(key.length).includes("/node_modules/")),
      code.includes(said),
      `${file}: ${said}`,
    );
  }
});

const lock: Lock = {
  packages: {
    "": { version: "1.0.0", dependencies: { used: "1", external: "1" } },
    "node_modules/used": {
      version: "1.2.3",
      license: "MIT",
      integrity: "sha512-AAAA",
      dependencies: { nested: "2" },
      peerDependencies: { external: "*" },
    },
    "node_modules/used/node_modules/nested": { version: "2.0.0", dependencies: { used: "1", lost: "1" } },
    "node_modules/nested": { version: "1.0.0" },
    "node_modules/external": { version: "3.0.0", optionalDependencies: { nested: "1" } },
    "node_modules/alias": { name: "@scope/real", version: "4.0.0" },
    "node_modules/tool": { version: "5.0.0", dev: true },
  },
};

test("a dependency is looked for as Node.js does", () => {
  assert.deepEqual(dependencyKeys("", lock), ["node_modules/external", "node_modules/used"]);
  assert.deepEqual(dependencyKeys("node_modules/used", lock), [
    "node_modules/external",
    "node_modules/used/node_modules/nested",
  ]);
  assert.deepEqual(dependencyKeys("node_modules/used/node_modules/nested", lock), ["node_modules/used"]);
  assert.deepEqual(dependencyKeys("node_modules/external", lock), ["node_modules/nested"]);
});

test("npm installs what is not for development only", () => {
  assert.deepEqual(
    runtimeKeys(lock),
    Object.keys(lock.packages)
      .filter((key) => !["", "node_modules/tool"].includes(key))
      .toSorted(),
  );
});

test("a package is what the lock file says of it, and depends on what is there as well", () => {
  const places = new Map([
    ["node_modules/used", "bundled"],
    ["node_modules/used/node_modules/nested", "bundled"],
    ["node_modules/alias", "copied"],
  ]);
  const [used, nested, alias] = npmPackages(places, lock);
  assert.deepEqual(used, {
    key: "node_modules/used",
    name: "used",
    version: "1.2.3",
    license: "MIT",
    integrity: "sha512-AAAA",
    place: "bundled",
    dependsOn: ["node_modules/used/node_modules/nested"],
  });
  assert.deepEqual([nested?.name, nested?.version, nested?.license], ["nested", "2.0.0", undefined]);
  assert.deepEqual([alias?.name, alias?.place], ["@scope/real", "copied"]);
});

test("a package that the lock file does not know is not made up", () => {
  assert.throws(() => npmPackages(new Map([["node_modules/stranger", "bundled"]]), lock), /no node_modules\/stranger/);
});
