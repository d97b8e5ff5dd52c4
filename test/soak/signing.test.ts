import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { release, type Released } from "../../release/release.ts";
import { cosignProgram } from "../../release/signer.ts";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { silent } from "../cluster/report.ts";
import { type Registry, startRegistry } from "../integration/fetch/servers/registry.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

describe("a release that is signed", () => {
  let directory: string;
  let registry: Registry;
  let released: Released;
  let cosign: string;

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
    const key = join(directory, "cosign.key");
    const options = { registry: `${registry.host}/team`, plainHttp: true, key, uncommitted: true };
    const place = { repository: repositoryDirectory, directory, report: silent };
    await assert.rejects(release(options, place), /decrypt/);
    assert.deepEqual(await (await fetch(`http://${registry.host}/v2/_catalog`)).json(), { repositories: [] });
    process.env["COSIGN_PASSWORD"] = "of the keys of this test";
    released = await release(options, place);
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

  test("the public key lies beside the documents, and no other", async () => {
    const left = await readdir(join(directory, "release"));
    const written = await readFile(join(directory, "cosign.pub"), "utf8");
    assert.deepEqual(
      left.filter((name) => !/\.(?:json|tgz)$/.test(name)),
      ["cosign.pub"],
    );
    assert.equal(await readFile(join(directory, "release", "cosign.pub"), "utf8"), written);
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

async function put(url: string, body: string, type: string): Promise<void> {
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": type }, body });
  assert.equal(answer.status, 201, await answer.text());
}
