import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../configuration.ts";
import { errorCode, failure } from "../failure.ts";
import { credentialBytes } from "../limits.ts";

/** Keys named as the environment variables in which other programs look for the same. */
export const variableKeys = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_ENDPOINT_URL",
  "AWS_REGION",
  "AWS_S3_ADDRESSING_STYLE",
  "HF_TOKEN",
  "HF_ENDPOINT",
] as const;

/** Keys of the mounted Secret that some source reads; no other file of the folder is opened. */
export const credentialKeys = [".dockerconfigjson", "username", "password", "token", ...variableKeys] as const;

export type CredentialKey = (typeof credentialKeys)[number];

/** The Secret of the source, one file a key. Values never reach a log, a message or a report. */
export interface Credentials {
  /**
   * The value of a key without the blanks around it; undefined when it is absent or empty. Read anew each time, because
   * the kubelet replaces the files when the Secret changes: so a token that was renewed during a download is found.
   */
  read(key: CredentialKey): Promise<string | undefined>;
}

/** Read as JSON, or sent in base64. */
const freeText: readonly CredentialKey[] = [".dockerconfigjson", "username", "password"];

export function openCredentials(directory: string): Credentials {
  return {
    async read(key) {
      const value = (await readBounded(join(directory, key), key))?.trim();
      if (value === undefined || value === "") return undefined;
      // What goes into a header or a URL as it is; a line break could add another header.
      if (!freeText.includes(key) && !/^[\x21-\x7e]+$/.test(value)) {
        throw failure(
          "InvalidConfiguration",
          `The key ${key} of the source's Secret holds a blank, a line break or a character outside ASCII. Write the value alone.`,
        );
      }
      return value;
    },
  };
}

/**
 * Fails when the Secret that the source names has no key. Its volume is optional, so that the pod starts without it and
 * can say so here; whatever is created meanwhile is found at the next attempt.
 */
export async function checkSecret(directory: string, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const entries = await readdir(directory).catch(noneIfAbsent);
  // What the kubelet keeps for itself begins with two dots, which a key cannot.
  if (entries.some((entry) => !entry.startsWith(".."))) return;
  throw failure(
    "Unauthorized",
    `There is no Secret ${quote(name)} in the model's namespace, or it has no keys. Create it, or correct source.secretRef.`,
  );
}

function noneIfAbsent(error: unknown): readonly string[] {
  if (errorCode(error) === "ENOENT") return [];
  throw error;
}

async function readBounded(path: string, key: string): Promise<string | undefined> {
  try {
    const handle = await open(path);
    try {
      const buffer = Buffer.alloc(credentialBytes + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      if (bytesRead <= credentialBytes) return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw failure("InvalidConfiguration", `The key ${key} of the source's Secret cannot be read (${code}).`);
  }
  throw failure(
    "InvalidConfiguration",
    `The key ${key} of the source's Secret is larger than ${credentialBytes} bytes.`,
  );
}
