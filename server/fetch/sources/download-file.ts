import { type Failure, failure } from "../failure.ts";
import { type Download, type DownloadOptions, download } from "../http/download.ts";
import type { FetchLog } from "../log.ts";
import { tooManyBytes } from "../model/model-directory.ts";
import type { SourceRequest } from "./source.ts";
import type { ModelFile } from "../model/tree-digest.ts";
import { requireWhole } from "../model/whole.ts";

type What = Pick<Download, "what" | "open">;

/** Downloads something of unknown size and kind, to be told by its bytes, beside the model. */
export async function downloadAside(
  request: SourceRequest,
  what: What,
): Promise<ModelFile & { readonly absolutePath: string }> {
  const { directory, limits, signal } = request;
  const { absolutePath, handle } = await directory.createDownload("download");
  try {
    const refuseLarger = (): Failure => tooManyBytes(limits);
    const file = await download(
      {
        ...what,
        bound: limits.totalBytes,
        refuseLarger,
        requireWhole: (host) => requireWhole({ absolutePath, host }, limits, signal),
        onSize: request.onTotal,
      },
      handle,
      downloadOptions(request),
    );
    return { absolutePath, ...file };
  } finally {
    await handle.close();
  }
}

/** Downloads a file of the model to its place. `size` is what a listing told of it; undefined when it told nothing. */
export async function downloadInto(
  request: SourceRequest,
  name: string,
  { what, open, size }: What & { readonly size: number | undefined },
): Promise<ModelFile> {
  const { directory, limits, signal } = request;
  const bound = size ?? directory.remaining();
  if (size !== undefined) directory.reserve(size);
  const refuseLarger = (): Failure =>
    size === undefined
      ? tooManyBytes(limits)
      : failure(
          "SourceUnavailable",
          `${what} has more than the ${size} bytes of its listing: it was changed meanwhile.`,
        );
  const { path, absolutePath, handle } = await directory.create(name);
  // Only a graph tells where it ends; weights are measured against what the graph reads of them.
  const judged = path.endsWith(".onnx")
    ? { requireWhole: (host: string) => requireWhole({ absolutePath, host }, limits, signal) }
    : {};
  try {
    const file = await download({ what, open, size, bound, refuseLarger, ...judged }, handle, downloadOptions(request));
    if (size === undefined) directory.reserve(file.size);
    directory.record(path, file);
    return file;
  } finally {
    await handle.close();
  }
}

/** What a request says about every download that is made for it. */
export function downloadOptions({ limits, signal, now, onBytes, fruitlessSince, log }: SourceRequest): DownloadOptions {
  return { limits, signal, now, onBytes, fruitlessSince, onRetry: logRetry(log) };
}

/** Tells every retry in the log; the last ones reach the report. */
export function logRetry(log: FetchLog): (retried: Failure, delayMilliseconds: number) => void {
  return ({ reason, message }, delay) => log.warn({ reason, delaySeconds: delay / 1000 }, `trying again: ${message}`);
}
