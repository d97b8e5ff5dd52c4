import { gzipSync } from "node:zlib";
import type { PublishedImages } from "../../demo/images.ts";
import { registryAddress } from "../cluster/node/addresses.ts";
import { type Descriptor, pushBlob, sha256, tarOf } from "../fixtures/oci.ts";

export interface AddedFile {
  /** Without a slash at the beginning. */
  readonly path: string;
  readonly content: Uint8Array;
}

type Image = PublishedImages["server"];

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

interface Manifest {
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface Configuration {
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/**
 * The published image with one more layer: what a user's own `FROM slipway/server` gives. Its tag is another one for
 * another image, as nodes keep what they once pulled under a tag.
 */
export async function extendImage(image: Image, suffix: string, files: readonly AddedFile[]): Promise<Image> {
  const tag = `${image.tag}-${suffix}`;
  const repository = image.repository.slice(registryAddress.length + 1);
  const address = { registry: registryAddress, plainHttp: true, repository };
  const manifest = (await read(repository, `manifests/${image.tag}`)) as Manifest;
  const configuration = (await read(repository, `blobs/${manifest.config.digest}`)) as Configuration;
  const tar = await tarOf(files.map(({ path, content }) => ({ header: { name: path }, content })));
  const layer = await pushBlob(address, gzipSync(tar), layerType);
  const rootfs = { ...configuration.rootfs, diff_ids: [...configuration.rootfs.diff_ids, sha256(tar)] };
  // The history counts the layers and may be left out; a shorter one than there are layers is refused.
  const content = Buffer.from(JSON.stringify({ ...configuration, rootfs, history: undefined }));
  const config = await pushBlob(address, content, manifest.config.mediaType);
  const answer = await fetch(`http://${registryAddress}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": manifestType },
    body: JSON.stringify({ ...manifest, mediaType: manifestType, config, layers: [...manifest.layers, layer] }),
  });
  if (!answer.ok) throw new Error(`the registry refused ${tag} with status ${answer.status}: ${await answer.text()}`);
  return { repository: image.repository, tag };
}

async function read(repository: string, path: string): Promise<unknown> {
  const url = `http://${registryAddress}/v2/${repository}/${path}`;
  const answer = await fetch(url, { headers: { accept: manifestType } });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}
