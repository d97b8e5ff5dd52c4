import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { defaultLimits } from "../../server/fetch/limits.ts";
import { apiHost, parseReference, type Reference, showReference } from "../../server/fetch/oci/reference.ts";
import type { ModelFile } from "../../server/fetch/model/tree-digest.ts";
import { readAccess } from "../access.ts";
import type { Invocation } from "../command.ts";
import { type ExitCode, exitCodes, misused } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import {
  hashFiles,
  type LocalModel,
  openLocalModel,
  requireServable,
  showFiles,
  totalBytes,
} from "../model/local-model.ts";
import { artifactManifest, emptyConfig, fileLayer, sha256 } from "../oci/artifact.ts";
import { storedCredentials } from "../oci/docker-config.ts";
import { once } from "../oci/content.ts";
import { pushAdvice } from "../oci/login-advice.ts";
import { createRegistryWriter, type RegistryWriter } from "../oci/registry-writer.ts";
import { startProgress } from "../text/progress.ts";
import { hasColour, styleOf } from "../text/style.ts";
import { type Pushed, pushedJson, pushedText } from "./pushed.ts";

/** `slipway push MODEL URI`: judges the model as a pod would, then uploads it and names the digest to write down. */
export async function push(invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const [path = "", uri = ""] = invocation.operands;
  const reference = targetOf(uri);
  const model = await openLocalModel(path);
  requireServable(model);
  const access = await readAccess(invocation, edge);
  const credentials =
    access.credentials ?? (await storedCredentials(edge.variables, reference.registry, reference.repository));
  const files = await hashed(model, edge);
  const writer = createRegistryWriter({
    registry: apiHost(reference.registry),
    repository: reference.repository,
    ...access,
    credentials,
    whenRefused: pushAdvice(
      reference.registry,
      credentials === undefined ? "none" : access.credentials === undefined ? "stored" : "given",
    ),
    limits: defaultLimits,
    signal: edge.interrupted,
    now: edge.now,
    onRetry: ({ message }, delay) => edge.messages.write(`${message}; trying again in ${Math.round(delay / 1000)} s\n`),
  });
  try {
    const pushed = await upload(model, files, reference, writer, edge);
    const isJson = invocation.text("output") === "json";
    const style = styleOf(hasColour(edge.output, edge.variables));
    edge.output.write(isJson ? pushedJson(pushed) : pushedText(pushed, style));
    return exitCodes.done;
  } finally {
    await writer.close();
  }
}

function targetOf(uri: string): Reference {
  if (!uri.startsWith("oci://")) {
    throw misused(`${JSON.stringify(uri)} is no place to push to: write oci://HOST/REPOSITORY:TAG`);
  }
  const reference = parseReference(uri);
  if (reference.digest !== undefined) {
    throw misused("a push needs a tag, not a digest: the digest follows from the bytes, and is printed");
  }
  return reference;
}

async function hashed(model: LocalModel, edge: Edge): Promise<ReadonlyMap<string, ModelFile>> {
  const progress = startProgress(edge, `reading ${basename(model.graph)}`, totalBytes(model));
  try {
    return await hashFiles(model, { signal: edge.interrupted, onBytes: progress.add });
  } finally {
    progress.end();
  }
}

async function upload(
  model: LocalModel,
  files: ReadonlyMap<string, ModelFile>,
  reference: Reference,
  writer: RegistryWriter,
  edge: Edge,
): Promise<Pushed> {
  const { tag } = reference;
  const before = await writer.digestOf(tag);
  const progress = startProgress(edge, `pushing ${showFiles(model)}`, totalBytes(model));
  const layers: Pushed["files"][number][] = [];
  try {
    for (const [name, { size, sha256: hex }] of files) {
      const digest = `sha256:${hex}`;
      const open = (): AsyncIterable<Uint8Array> => createReadStream(join(model.directory, name));
      const outcome = await writer.blob({ digest, size, open }, progress.add);
      layers.push({ name, digest, size, wasThere: outcome === "present" });
    }
    const { content } = emptyConfig;
    await writer.blob({ digest: sha256(content), size: content.byteLength, open: () => once(content) });
  } finally {
    progress.end();
  }
  const manifest = artifactManifest(layers.map((layer) => fileLayer(layer.name, layer)));
  await writer.manifest(tag, manifest);
  return {
    uri: `oci://${showReference(reference)}`,
    tag,
    digest: manifest.digest,
    replaced: before === manifest.digest ? undefined : before,
    files: layers,
  };
}
