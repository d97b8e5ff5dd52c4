import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { run } from "./command.ts";

/** Files of a key pair: PEM certificate and PEM private key. */
export type KeyPair = { readonly certificate: string; readonly key: string };

export type Subject = {
  /** The user name, for a client of the API server. */
  readonly commonName: string;
  /** The group, for a client of the API server. */
  readonly organization?: string;
  /** Names and addresses that a server is reached under. */
  readonly hosts?: readonly string[];
};

/** A test cluster lives for minutes, a hand-made one for days; nothing here is ever renewed. */
const validDays = "365";

/** Writes NAME.crt and NAME.key of a certificate authority of its own into the folder. */
export async function createAuthority(directory: string, name: string): Promise<KeyPair> {
  const extensions = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"];
  return await request(directory, name, { commonName: name }, extensions, []);
}

/** Writes NAME.crt and NAME.key, signed by the authority, good for both ends of a connection. */
export async function issueCertificate(
  directory: string,
  name: string,
  authority: KeyPair,
  subject: Subject,
): Promise<KeyPair> {
  const hosts = (subject.hosts ?? []).map((host) => `${isIP(host) ? "IP" : "DNS"}:${host}`);
  const extensions = [
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    "extendedKeyUsage = serverAuth, clientAuth",
    ...(hosts.length > 0 ? [`subjectAltName = ${hosts.join(", ")}`] : []),
  ];
  return await request(directory, name, subject, extensions, ["-CA", authority.certificate, "-CAkey", authority.key]);
}

async function request(
  directory: string,
  name: string,
  subject: Subject,
  extensions: readonly string[],
  signing: readonly string[],
): Promise<KeyPair> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const configuration = join(directory, `${name}.cnf`);
  const pair = { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  const lines = [
    "[req]",
    "prompt = no",
    "distinguished_name = subject",
    "x509_extensions = extensions",
    "[subject]",
    ...(subject.organization === undefined ? [] : [`O = ${subject.organization}`]),
    `CN = ${subject.commonName}`,
    "[extensions]",
    ...extensions,
  ];
  await writeFile(configuration, `${lines.join("\n")}\n`);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const output = ["-keyout", pair.key, "-out", pair.certificate, "-days", validDays];
  await run("openssl", ["req", "-x509", ...curve, "-config", configuration, ...signing, ...output]);
  return pair;
}

/** The key that service account tokens are signed with. */
export async function createTokenKey(directory: string, name: string): Promise<{ public: string; private: string }> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const files = { public: join(directory, `${name}.pub`), private: join(directory, `${name}.key`) };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(files.public, publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(files.private, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  return files;
}

export async function readPair(pair: KeyPair): Promise<{ certificatePem: string; keyPem: string }> {
  const [certificatePem, keyPem] = await Promise.all([readFile(pair.certificate, "utf8"), readFile(pair.key, "utf8")]);
  return { certificatePem, keyPem };
}
