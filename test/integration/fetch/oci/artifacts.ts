/** A registry for the tests of one file, and models in it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { gzipSync } from "node:zlib";
import { directionModels } from "../../../../demo/models.ts";
import type { FetchOptions } from "../../../../server/fetch/fetch.ts";
import { type ArtifactFile, type Descriptor, type TarEntry, tarOf } from "../../../fixtures/oci.ts";
import { type Fetched, fetching, restless } from "../fetching.ts";
import { type Registry, startRegistry } from "../servers/registry.ts";

export const layerType = "application/vnd.oci.image.layer.v1.tar";

let tagNumber = 0;

export const model: ArtifactFile = { name: "model.onnx", content: directionModels().v1 };

export const weights: ArtifactFile = { name: "data/weights.bin", content: randomBytes(3 * 1024 ** 2) };

export const registry: Registry = await startRegistry();

after(() => registry.close());

export function address(): { registry: string; repository: string; plainHttp: true; tag: string } {
  tagNumber += 1;
  return { registry: registry.host, repository: "models/direction", plainHttp: true, tag: `t${tagNumber}` };
}

/** Fetches a tag, or a tag with `@digest`, from the registry or from a proxy before it. */
export function fetchTag(
  tag: string,
  environment: Readonly<Record<string, string>> = {},
  options: FetchOptions = {},
  host = registry.host,
): Promise<Fetched> {
  return fetching(
    {
      SLIPWAY_MODEL_URI: `oci://${host}/models/direction:${tag}`,
      SLIPWAY_PLAIN_HTTP_HOSTS: `other:5000, ${host}`,
      ...environment,
    },
    { limits: restless, ...options },
  );
}

export function assertFetched(
  { code, report, files }: Fetched,
  manifest: Descriptor,
  expected: readonly ArtifactFile[],
): void {
  assert.ok(report.ok, JSON.stringify(report));
  assert.equal(code, 0);
  assert.equal(report.digest, manifest.digest);
  assert.deepEqual([...files.keys()].toSorted(), expected.map(({ name }) => name).toSorted());
  for (const { name, content } of expected) assert.ok(files.get(name)?.equals(content), `${name} has other bytes`);
  assert.equal(
    report.bytes,
    expected.reduce((sum, { content }) => sum + content.byteLength, 0),
  );
}

export async function gzipped(entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await tarOf(entries));
}

export function file(name: string): TarEntry {
  return { header: { name }, content: Buffer.from("x") };
}
