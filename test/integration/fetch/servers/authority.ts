import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A certificate authority of our own, and a certificate that it signed, for 127.0.0.1 and localhost if not said otherwise. */
export interface Authority {
  readonly authorityPath: string;
  readonly authorityPem: string;
  readonly certificatePath: string;
  readonly keyPath: string;
}

const run = promisify(execFile);

export async function createAuthority(directory: string, names = "IP:127.0.0.1,DNS:localhost"): Promise<Authority> {
  await mkdir(directory, { recursive: true });
  const at = (name: string): string => join(directory, name);
  await writeFile(at("extensions"), `subjectAltName=${names}\n`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "2",
    "-subj",
    "/CN=Slipway test authority",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
  );
  await openssl("req", ...key, "-subj", "/CN=registry", "-keyout", at("registry.key"), "-out", at("registry.csr"));
  await openssl(
    "x509",
    "-req",
    "-in",
    at("registry.csr"),
    "-CA",
    at("ca.pem"),
    "-CAkey",
    at("ca.key"),
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    at("extensions"),
    "-out",
    at("registry.pem"),
  );
  return {
    authorityPath: at("ca.pem"),
    authorityPem: await readFile(at("ca.pem"), "utf8"),
    certificatePath: at("registry.pem"),
    keyPath: at("registry.key"),
  };
}

async function openssl(...options: string[]): Promise<void> {
  await run("openssl", options);
}
