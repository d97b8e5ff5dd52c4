import { readFile } from "node:fs/promises";
import type { Credentials } from "../sources/credentials.ts";
import { errorCode, failure } from "../failure.ts";
import type { HttpOptions } from "../http/client.ts";
import type { Environment } from "../sources/source.ts";

/** What requests are signed with. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials only. */
  readonly sessionToken: string | undefined;
}

/** What is needed to find them. */
export interface Identity {
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly region: string;
  readonly http: HttpOptions;
}

/** A token that the platform mounted; read anew each time, as it is rotated. */
export async function readTokenFile(name: string, path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw failure("InvalidConfiguration", `The file that ${name} names cannot be read (${errorCode(error)}).`);
  }
}
