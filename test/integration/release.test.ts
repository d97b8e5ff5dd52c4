import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { load } from "js-yaml";
import { release, type Released } from "../../release/release.ts";
import { cosignProgram } from "../../release/signer.ts";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { silent } from "../cluster/report.ts";
import { unpackTools } from "../cluster/tools.ts";
import { type Registry, startRegistry } from "./fetch/registry.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

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
  let cosign: string;
  const options = (key: string | undefined) => ({
    registry: `${registry.host}/team`,
    plainHttp: true,
    key,
    uncommitted: true,
  });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-release-"));
    registry = await startRegistry();
    cosign = await cosignProgram(silent);
    process.env["COSIGN_PASSWORD"] = "of the keys of this test";
    for (const name of ["cosign", "other"]) {
      await run(cosign, ["generate-key-pair", `--output-key-prefix=${name}`], { directory });
    }
    // First with a password that is not the key's: nothing may come of it.
    process.env["COSIGN_PASSWORD"] = "another one";
    const place = { repository: repositoryDirectory, directory, report: silent };
    await assert.rejects(release(options(join(directory, "cosign.key")), place), /decrypt/);
    assert.deepEqual(await (await fetch(`http://${registry.host}/v2/_catalog`)).json(), { repositories: [] });
    process.env["COSIGN_PASSWORD"] = "of the keys of this test";
    released = await release(options(join(directory, "cosign.key")), place);
  });
  after(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  const reference = (name: "operator" | "server" | "chart"): string =>
    `${released[name].repository}@${released[name].digest}`;
  const verify = async (image: string, key = "cosign", command: readonly string[] = ["verify"]): Promise<string> => {
    const flags = [`--key=${join(directory, `${key}.pub`)}`, "--insecure-ignore-tlog", "--allow-http-registry"];
    return (await run(cosign, [...command, ...flags, image])).stdout;
  };

  for (const name of ["operator", "server", "chart"] as const) {
    test(`the ${name} is signed with the key, and with no other`, async () => {
      await verify(reference(name));
      await assert.rejects(verify(reference(name), "other"), /invalid signature|no matching/);
    });
  }

  for (const name of ["operator", "server"] as const) {
    test(`what is attached to the ${name} is what was written down, and is about it`, async () => {
      const { sbomFile, provenanceFile, digest } = released[name];
      const attached = async (type: string): Promise<Statement> => {
        const envelope = await verify(reference(name), "cosign", ["verify-attestation", `--type=${type}`]);
        return payloadOf(envelope);
      };
      const [sbom, provenance] = [await attached("cyclonedx"), await attached("slsaprovenance1")];
      const written = JSON.parse(await readFile(provenanceFile, "utf8")) as Statement;
      for (const { subject } of [sbom, provenance, written]) {
        assert.deepEqual(subject, [
          { name: released[name].repository, digest: { sha256: digest.slice("sha256:".length) } },
        ]);
      }
      assert.deepEqual(sbom.predicate, JSON.parse(await readFile(sbomFile, "utf8")));
      assert.deepEqual(provenance.predicate, written.predicate);
      assert.equal(provenance.predicateType, written.predicateType);
    });
  }

  test("another image is refused, under the name of a signed one and with the signatures of it", async () => {
    const { repository, digest } = released.server;
    const [host = "", ...path] = repository.split("/");
    const url = (name: string): string => `http://${host}/v2/${path.join("/")}/manifests/${name}`;
    const manifest = await (await fetch(url(digest), { headers: { accept: manifestType } })).json();
    const tampered = JSON.stringify({ ...(manifest as object), annotations: { "org.example.note": "tampered" } });
    await put(url("0.1.0"), tampered, manifestType);
    await assert.rejects(verify(`${repository}:0.1.0`), /no signatures found/);

    const signatures = await fetch(url(digest.replace(":", "-")), { headers: { accept: indexType } });
    assert.equal(signatures.status, 200);
    const tamperedTag = `sha256-${createHash("sha256").update(tampered).digest("hex")}`;
    await put(url(tamperedTag), await signatures.text(), indexType);
    await assert.rejects(verify(`${repository}:0.1.0`), /digest/);
    await verify(reference("server"));
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

  test("nothing but documents, archives and the public key is left behind", async () => {
    const left = await readdir(join(directory, "release"));
    assert.deepEqual(left.toSorted(), [
      "cosign.pub",
      "operator.cdx.json",
      "operator.provenance.json",
      "server.cdx.json",
      "server.provenance.json",
      "slipway-0.1.0.tgz",
      "slipway-command.cdx.json",
    ]);
  });
});

interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

/** Of a DSSE envelope, as cosign prints it. */
function payloadOf(envelope: string): Statement {
  const { payload } = JSON.parse(envelope) as { readonly payload: string };
  return JSON.parse(Buffer.from(payload, "base64").toString()) as Statement;
}

async function componentsOf(file: string): Promise<readonly Component[]> {
  return (JSON.parse(await readFile(file, "utf8")) as { readonly components: readonly Component[] }).components;
}

async function put(url: string, body: string, type: string): Promise<void> {
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": type }, body });
  assert.equal(answer.status, 201, await answer.text());
}
