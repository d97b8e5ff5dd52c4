/** A folder with a model, for the tests of one file, which is pushed and looked at. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { directionModels } from "../../../demo/models.ts";
import { type Ran, slipway } from "./slipway.ts";

export interface PushAnswer {
  readonly digest: string;
  readonly replaced: string | null;
  readonly version: { readonly name: string; readonly uri: string; readonly digest: string };
  readonly files: readonly { readonly name: string; readonly wasThere: boolean }[];
}

interface Inspected {
  readonly digest: string;
  readonly bytes: number;
  readonly served: { readonly isServed: boolean; readonly reason?: string };
  readonly otherFiles: readonly { readonly path: string }[];
  readonly producer: { readonly name: string };
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly dims: unknown }[];
}

export const directory: string = await mkdtemp(join(tmpdir(), "slipway-push-"));
await writeFile(join(directory, "model.onnx"), directionModels().v1);

after(() => rm(directory, { recursive: true }));

export function parsed({ code, stdout, stderr }: Ran): unknown {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

export async function pushed(...words: Parameters<typeof push>): Promise<PushAnswer> {
  return parsed(await push(...words, "-o", "json")) as PushAnswer;
}

export async function inspected(uri: string, ...words: string[]): Promise<Inspected> {
  return parsed(await slipway(["inspect", uri, ...words, "-o", "json"])) as Inspected;
}

export function push(path: string, target: string, ...words: string[]): Promise<Ran> {
  return slipway(["push", join(directory, path), target, "--plain-http", ...words]);
}
