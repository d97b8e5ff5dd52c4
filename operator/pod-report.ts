/** What the server in a pod tells of itself while it runs, read from the pod. */
import { get } from "node:http";
import { readable } from "./api/text.ts";
import { type CrashReport, paths, ports, type Provider, providers } from "../server/contract.ts";

/** A report has a few kilobytes; an image of the user's may send what it likes. */
const mostBytes = 64 * 1024;
/** Of a request's id, as the server takes it. */
const idCharacters = 128;
const messageCharacters = 512;

/** Of a report, what becomes a part of the model's status. */
export interface AskedReport {
  /** The newest of the crashes that the server has seen repeated. */
  readonly crash: CrashReport | undefined;
  readonly provider: Provider | undefined;
}

const nothing: AskedReport = { crash: undefined, provider: undefined };

/**
 * What the server in a pod reports; nothing where it has no word of that, or says nothing that can be read within
 * `timeoutMs`: a pod that cannot be asked is no failure of anybody's.
 */
export function askReport(address: string, timeoutMs: number, port: number = ports.metrics): Promise<AskedReport> {
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
      response.on("error", () => resolve(nothing));
      response.on("close", () => resolve(nothing));
      response.on("end", () =>
        resolve(response.statusCode === 200 ? readReport(Buffer.concat(chunks).toString()) : nothing),
      );
    });
    request.on("error", () => resolve(nothing));
  });
}

export function readReport(text: string): AskedReport {
  try {
    const report: unknown = JSON.parse(text);
    if (typeof report !== "object" || report === null) return nothing;
    return {
      crash: "repeatedCrashes" in report ? newestCrash(report.repeatedCrashes) : undefined,
      provider: "provider" in report ? providers.find((name) => name === report.provider) : undefined,
    };
  } catch {
    return nothing; // no report of this server's
  }
}

function newestCrash(crashes: unknown): CrashReport | undefined {
  const crash: unknown = Array.isArray(crashes) ? crashes[0] : undefined;
  return isCrash(crash) ? cleaned(crash) : undefined;
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
