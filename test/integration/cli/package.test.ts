import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { run } from "../../cluster/command.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { environment, withFolder } from "./slipway.ts";

/** Packing takes a second; installing is bound by the disk, as ONNX Runtime alone has 200 MB. */
const npmTimeoutMilliseconds = 300_000;
/** Sources, tests and images have no business in the package. */
const mostPackedBytes = 400_000;

test("the packed package gives a working command in an empty folder", () =>
  withFolder(async (directory) => {
    const npm = (where: string, ...words: string[]): Promise<{ readonly stdout: string }> =>
      run("npm", [...words, "--prefix", where], {
        environment: environment({ npm_config_fund: "false", npm_config_audit: "false" }),
        timeoutMilliseconds: npmTimeoutMilliseconds,
      });
    const { stdout } = await npm(repositoryDirectory, "run", "--silent", "build:command", "--", directory);
    const archive = stdout.trim();
    const { size } = await stat(archive);
    assert.ok(size < mostPackedBytes, `${size} bytes`);

    const app = join(directory, "app");
    await npm(app, "install", "--prefer-offline", "--ignore-scripts", archive);
    const installed = join(app, "node_modules", "slipway");
    const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
    const expected =
      /^(dist\/[^/]+\.mjs|cli\/slipway\.mjs|crds\/modeldeployment\.yaml|package\.json|README\.md|LICENSE)$/;
    assert.deepEqual(
      files.filter((path) => !expected.test(path)),
      [],
    );

    // npm warns by it, before the command itself has to.
    const oldest = /const oldest = (\d+);/.exec(await readFile(join(installed, "cli", "slipway.mjs"), "utf8"))?.[1];
    const { engines } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as {
      readonly engines: { readonly node: string };
    };
    assert.equal(engines.node, `>=${oldest}`);
    const command = join(app, "node_modules", ".bin", "slipway");
    const slipway = (...words: string[]): Promise<{ readonly stdout: string }> =>
      run(command, words, { environment: environment(), timeoutMilliseconds: 60_000 });

    const { version } = JSON.parse(await readFile(join(repositoryDirectory, "package.json"), "utf8")) as {
      version: string;
    };
    assert.equal((await slipway("--version")).stdout, `${version}\n`);
    // The CRD is found, and the operator's plan with it.
    const plan = await slipway("plan", "-f", join(repositoryDirectory, "examples", "quickstart.yaml"));
    assert.match(plan.stdout, /create +Deployment\/text-direction-/);
    // Worker threads and ONNX Runtime are found.
    await writeFile(join(directory, "model.onnx"), identityModel());
    const inspected = await slipway("inspect", join(directory, "model.onnx"), "--load");
    assert.match(inspected.stdout, /it was loaded in .* and ran on zeros/);
    // Every command's own code is in the package.
    for (const name of ["plan", "push", "inspect", "serve", "predict"]) {
      assert.match((await slipway(name, "--help")).stdout, /^Usage: slipway /m);
    }
    await assert.rejects(slipway("predict", "m", "--url", "http://127.0.0.1:1", "--json", "/dev/null"), /is not JSON/);
    await assert.rejects(slipway("push", "/nowhere", "oci://registry.invalid/m:1"), /nothing lies at/);
    await assert.rejects(slipway("serve", "/nowhere"), /nothing lies at/);

    const readme = await readFile(join(installed, "README.md"), "utf8");
    // Its links would lead out of the package.
    assert.doesNotMatch(readme, /\]\((?!https:)/);
    assert.ok(readme.includes((await slipway("--help")).stdout), "the README shows another --help");
  }));
