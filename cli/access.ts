import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Readable } from "node:stream";
import type { Invocation, Option } from "./command.ts";
import { failed, misused } from "./complaint.ts";
import type { Edge } from "./edge.ts";
import { type ProxySettings, readProxySettings } from "../server/fetch/http/proxy.ts";
import type { RegistryCredentials } from "../server/fetch/oci/docker-config.ts";

/** How whatever holds a model is reached: the same options wherever a command takes a uri. */
export const accessOptions = {
  "plain-http": { about: "Speak to the uri's host without TLS." },
  ca: { value: "FILE", about: "PEM certificates to trust beside the system's." },
  username: { short: "u", value: "NAME", about: "Log in with this name; the password comes from --password-stdin." },
  "password-stdin": { about: "Read the password, or a token, from standard input." },
} as const satisfies Readonly<Record<string, Option>>;

export interface Access {
  readonly plainHttp: boolean;
  readonly proxies: ProxySettings;
  /** PEM. */
  readonly certificateAuthority: string | undefined;
  readonly credentials: Extract<RegistryCredentials, { readonly kind: "basic" }> | undefined;
}

/** A password or a token; registries' longest tokens have some kilobytes. */
const longestPassword = 64 * 1024;

export async function readAccess(
  { isSet, text: option }: Invocation,
  edge: Pick<Edge, "input" | "variables">,
): Promise<Access> {
  return {
    plainHttp: isSet("plain-http"),
    proxies: readProxies(edge),
    certificateAuthority: await readCertificates(option("ca")),
    credentials: await readCredentials(option("username"), isSet("password-stdin"), edge),
  };
}

/** As programs of the network have them in their environment: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. */
export function readProxies({ variables }: Pick<Edge, "variables">): ProxySettings {
  return readProxySettings(variables);
}

async function readCertificates(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const pem = await readFile(file, "utf8").catch((error: unknown) => {
    throw failed(`--ca ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  });
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw failed(`--ca ${file} holds no PEM certificate`);
  return pem;
}

async function readCredentials(
  username: string | undefined,
  fromInput: boolean,
  { input }: Pick<Edge, "input">,
): Promise<Access["credentials"]> {
  if (username === undefined && !fromInput) return undefined;
  if (username === undefined || !fromInput) {
    throw misused("--username and --password-stdin belong together: one without the other logs nobody in");
  }
  const password = (await text(Readable.from(input))).replace(/\r?\n$/, "");
  if (password === "") throw failed("--password-stdin: standard input is empty");
  if (password.length > longestPassword) throw failed(`--password-stdin: more than ${longestPassword} characters`);
  return { kind: "basic", username, password };
}
