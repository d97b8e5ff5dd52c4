import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../test/cluster/command.ts";
import { buildPrograms } from "../test/cluster/programs.ts";
import type { Report } from "../test/cluster/report.ts";

/** What is said of an image, as cosign calls it. */
export type AttestationType = "cyclonedx" | "slsaprovenance1";

export interface Signer {
  /** Signs what a reference with a digest names, in the registry. */
  sign(reference: string): Promise<void>;
  /** Signs a predicate, JSON, as what is said of the reference, and lays it beside it. */
  attest(reference: string, type: AttestationType, predicate: string): Promise<void>;
  /** Fails unless the registry has a signature, and attestations of these types, by the public key. */
  verify(reference: string, types: readonly AttestationType[]): Promise<void>;
}

export interface SignerOptions {
  /** File or KMS URI. */
  readonly key: string;
  readonly plainHttp: boolean;
  /** Where the public key is written to, as cosign.pub. */
  readonly directory: string;
  readonly report: Report;
}

/**
 * Name no transparency log, no authority and no clock: nothing is told to anybody, and signing needs the registry alone.
 * Without the second one cosign would look for the roots of the public ones.
 */
const services = [
  `--signing-config=${join(import.meta.dirname, "cosign", "signing-config.json")}`,
  `--trusted-root=${join(import.meta.dirname, "cosign", "trusted-root.json")}`,
];

export async function createSigner({ key, plainHttp, directory, report }: SignerOptions): Promise<Signer> {
  const cosign = await cosignProgram(report);
  const publicKey = join(directory, "cosign.pub");
  await writeFile(publicKey, (await run(cosign, ["public-key", `--key=${key}`])).stdout);
  const registry = plainHttp ? ["--allow-http-registry"] : [];
  const signing = [`--key=${key}`, "--yes", ...services, ...registry];
  const verifying = [`--key=${publicKey}`, "--insecure-ignore-tlog", ...registry];
  return {
    async sign(reference) {
      await run(cosign, ["sign", ...signing, reference]);
    },
    async attest(reference, type, predicate) {
      await run(cosign, ["attest", ...signing, `--type=${type}`, "--predicate=-", reference], { input: predicate });
    },
    async verify(reference, types) {
      await run(cosign, ["verify", ...verifying, reference]);
      for (const type of types) await run(cosign, ["verify-attestation", ...verifying, `--type=${type}`, reference]);
    },
  };
}

/** The one on PATH where it knows how to sign without a log, else one built from the pinned module. */
export async function cosignProgram(report: Report): Promise<string> {
  const help = await run("cosign", ["sign", "--help"]).catch(() => undefined);
  if (help?.stdout.includes("--signing-config")) return "cosign";
  return join((await buildPrograms(["cosign"], report)).cosign, "cosign");
}
