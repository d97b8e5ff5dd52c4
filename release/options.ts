import { parseArgs } from "node:util";
import { registryAddress } from "../images/registry-address.ts";

export interface ReleaseOptions {
  /** `host[:port][/path]`: the images lie in REGISTRY/slipway, the chart in REGISTRY/slipway/charts. */
  readonly registry: string;
  readonly plainHttp: boolean;
  /** File or KMS URI of cosign's private key; without one nothing is signed. */
  readonly key: string | undefined;
  /** What is not committed may be released, too. */
  readonly uncommitted: boolean;
}

export type OptionsResult =
  | { readonly kind: "options"; readonly options: ReleaseOptions }
  | { readonly kind: "help" }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

/** From the command line, every mistake at once. */
export function releaseOptions(args: readonly string[], environment: Readonly<NodeJS.ProcessEnv>): OptionsResult {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { kind: "errors", errors: [error instanceof Error ? error.message : String(error)] };
  }
  if (values.help) return { kind: "help" };
  const { registry, key, uncommitted } = values;
  const errors: string[] = [];
  if (registry === undefined) {
    errors.push("--registry is missing: name the registry to push to, such as registry.example.com/team");
  } else if (!registryAddress.test(registry)) {
    errors.push(`--registry=${registry}: give HOST[:PORT][/PATH], such as registry.example.com/team`);
  }
  if (key !== undefined && !isKeyUri(key) && environment["COSIGN_PASSWORD"] === undefined) {
    errors.push(
      `--key=${key}: its password is missing: read -rs COSIGN_PASSWORD && export COSIGN_PASSWORD (empty where it has none)`,
    );
  }
  if (errors.length > 0 || registry === undefined) return { kind: "errors", errors };
  return { kind: "options", options: { registry, plainHttp: values["plain-http"], key, uncommitted } };
}

/** A key that a KMS or a token keeps, which asks for no password. */
function isKeyUri(key: string): boolean {
  return key.includes("://");
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      registry: { type: "string" },
      "plain-http": { type: "boolean", default: false },
      key: { type: "string" },
      uncommitted: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}
