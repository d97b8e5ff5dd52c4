/** What the server in a pod tells of itself while it runs, read from the pod. */
import { get } from "node:http";
import { readable } from "./api/text.ts";
import { type CrashReport, paths, ports } from "../server/contract.ts";

/** A report has a few kilobytes; an image of the user's may send what it likes. */
const mostBytes = 64 * 1024;
/** Of a request's id, as the server takes it. */
const idCharacters = 128;
const messageCharacters = 512;

/**
 * The newest of the crashes that a server has seen repeated; undefined where it has seen none, or says nothing that can be
 * read within `timeoutMs`: a pod that cannot be asked is no failure of anybody's.
 */
export function askCrash(
  address: string,
  timeoutMs: number,
  port: number = ports.metrics,
): Promise<CrashReport | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = get({ host: address, port, path: paths.report, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostBytes) request.destroy();
        else chunks.push(chunk);
      });
      response.on("error", () => resolve(undefined));
      response.on("close", () => resolve(undefined));
      response.on("end", () =>
        resolve(response.statusCode === 200 ? readCrash(Buffer.concat(chunks).toString()) : undefined),
      );
    });
    request.on("error", () => resolve(undefined));
  });
}

export function readCrash(text: string): CrashReport | undefined {
  try {
    const report: unknown = JSON.parse(text);
    if (typeof report !== "object" || report === null || !("repeatedCrashes" in report)) return undefined;
    const { repeatedCrashes: crashes } = report;
    const crash: unknown = Array.isArray(crashes) ? crashes[0] : undefined;
    return isCrash(crash) ? cleaned(crash) : undefined;
  } catch {
    return undefined; // no report of this server's
  }
}

function isCrash(value: unknown): value is CrashReport {
  return (
    typeof value === "object" &&
    value !== null &&
    "requestId" in value &&
    typeof value.requestId === "string" &&
    "inputs" in value &&
    typeof value.inputs === "string" &&
    /^[0-9a-f]{64}$/.test(value.inputs) &&
    "message" in value &&
    typeof value.message === "string" &&
    "secondsAgo" in value &&
    typeof value.secondsAgo === "number" &&
    value.secondsAgo >= 0
  );
}

/** It becomes a part of the model's status. */
function cleaned({ requestId, inputs, message, secondsAgo }: CrashReport): CrashReport {
  return {
    requestId: readable(requestId, idCharacters),
    inputs,
    message: readable(message, messageCharacters),
    secondsAgo,
  };
}
