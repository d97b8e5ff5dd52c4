import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { load } from "js-yaml";
import { release, type Released } from "../../release/release.ts";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { silent } from "../cluster/report.ts";
import { unpackTools } from "../cluster/tools.ts";
import { type Registry, startRegistry } from "./fetch/servers/registry.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

interface Component {
  readonly name: string;
  readonly version: string;
  readonly components?: readonly Component[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

describe("a release to a registry", () => {
  let directory: string;
  let registry: Registry;
  let released: Released;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-release-"));
    registry = await startRegistry();
    const options = { registry: `${registry.host}/team`, plainHttp: true, key: undefined, uncommitted: true };
    released = await release(options, { repository: repositoryDirectory, directory, report: silent });
  });
  after(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  test("what was pushed is in the registry by its digest, with a tag and no signature, and is what provenance is about", async () => {
    for (const { repository, digest } of [released.operator, released.server, released.chart]) {
      const api = `http://${repository.replace("/", "/v2/")}`;
      assert.equal((await fetch(`${api}/manifests/${digest}`, { headers: { accept: manifestType } })).status, 200);
      const { tags } = (await (await fetch(`${api}/tags/list`)).json()) as { readonly tags: readonly string[] };
      assert.deepEqual(tags, ["0.1.0"]);
    }
    for (const { repository, digest, provenanceFile } of [released.operator, released.server]) {
      const { subject } = JSON.parse(await readFile(provenanceFile, "utf8")) as { readonly subject: unknown };
      assert.deepEqual(subject, [{ name: repository, digest: { sha256: digest.slice("sha256:".length) } }]);
    }
  });

  test("the documents are valid CycloneDX 1.6", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    for (const { sbomFile } of [released.operator, released.server, released.command]) {
      assert.equal(await validator.validate(await readFile(sbomFile, "utf8")), null, sbomFile);
    }
  });

  test("an image's document has the packages of its half, Node.js, and Debian's packages", async () => {
    const [operator, server] = await Promise.all(
      [released.operator, released.server].map(({ sbomFile }) => componentsOf(sbomFile)),
    );
    const names = (components: readonly Component[] | undefined): string[] =>
      (components ?? []).map(({ name }) => name);
    for (const components of [operator, server]) {
      for (const name of ["pino", "node", "debian", "base-files", "libc6", "libstdc++6", "gcc-12-base"]) {
        assert.ok(names(components).includes(name), name);
      }
      for (const name of ["typescript", "esbuild", "client-node", "cel-js"]) {
        assert.ok(!names(components).includes(name), name);
      }
      const node = components?.find(({ name }) => name === "node");
      assert.equal(node?.version, process.versions.node);
      const openssl = node?.components?.find(({ name }) => name === "openssl");
      assert.equal(openssl?.version, process.versions.openssl);
    }
    assert.ok(names(server).includes("express") && !names(operator).includes("express"));
    assert.ok(!names(operator).includes("onnxruntime-node"));
    const runtime = server?.find(({ name }) => name === "onnxruntime-node");
    const libraries = `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`;
    const expected = ["libonnxruntime.so.1", "onnxruntime_binding.node"].map(async (name) => {
      const bytes = await readFile(join(repositoryDirectory, libraries, name));
      return [name, createHash("sha256").update(bytes).digest("hex")];
    });
    assert.deepEqual(
      runtime?.components?.map(({ name, hashes }) => [name, hashes?.[0]?.content]),
      await Promise.all(expected),
    );
  });

  test("the package of the command has no foreign code, and its document says what npm installs beside it", async () => {
    const components = await componentsOf(released.command.sbomFile);
    const places = components.map(({ properties }) => properties?.[0]?.value);
    assert.ok(components.length > 20);
    assert.deepEqual([...new Set(places)], ["beside the package, where npm installs it"]);
    const { stdout } = await run("tar", ["-tzf", released.command.archive]);
    for (const file of ["package.json", "cli/slipway.mjs", "crds/modeldeployment.yaml", "dist/main.mjs"]) {
      assert.ok(stdout.split("\n").includes(`package/${file}`), file);
    }
  });

  test("the chart of the registry names the images by digest, and installs them", async () => {
    const { helm } = await unpackTools();
    const { chart, operator, server } = released;
    const at = [`oci://${chart.repository}@${chart.digest}`, "--plain-http"];
    const { annotations } = load((await run(helm, ["show", "chart", ...at])).stdout) as {
      readonly annotations: Readonly<Record<string, string>>;
    };
    assert.deepEqual(load(annotations["artifacthub.io/images"] ?? ""), [
      { name: "operator", image: `${operator.repository}:0.1.0@${operator.digest}` },
      { name: "server", image: `${server.repository}:0.1.0@${server.digest}` },
    ]);
    const values = [
      `--set=imageRegistry=${registry.host}/team`,
      `--set=image.digest=${operator.digest}`,
      `--set=server.image.digest=${server.digest}`,
    ];
    const { stdout } = await run(helm, ["template", "slipway", ...at, ...values]);
    for (const { repository, digest } of [operator, server]) {
      assert.ok(stdout.includes(`${repository}:0.1.0@${digest}`), repository);
    }
  });

  test("without a key nothing is signed, and nothing but documents and archives is left behind", async () => {
    const left = await readdir(join(directory, "release"));
    assert.deepEqual(left.toSorted(), [
      "operator.cdx.json",
      "operator.provenance.json",
      "server.cdx.json",
      "server.provenance.json",
      "slipway-0.1.0.tgz",
      "slipway-command.cdx.json",
    ]);
  });
});

async function componentsOf(file: string): Promise<readonly Component[]> {
  return (JSON.parse(await readFile(file, "utf8")) as { readonly components: readonly Component[] }).components;
}
