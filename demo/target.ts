import { parseArgs } from "node:util";
import { registryAddress } from "../images/registry-address.ts";

/** Which Kubernetes the demo works on: one of its own, unless the word `current` is said. */
export type Target =
  | { readonly kind: "own" }
  | {
      readonly kind: "current";
      /** Where images and models are pushed to, and where the cluster pulls them from: `host[:port][/path]`. */
      readonly registry: string;
      readonly plainHttp: boolean;
      /** Name of the context that may be used without asking. */
      readonly yesUse: string | undefined;
    };

export type TargetResult =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "help" }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

/** From the command line, every mistake at once. */
export function targetOf(args: readonly string[]): TargetResult {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { kind: "errors", errors: [error instanceof Error ? error.message : String(error)] };
  }
  if (values.help) return { kind: "help" };
  const { cluster, registry } = values;
  const errors: string[] = [];
  if (cluster === undefined) {
    const given = [
      ...(registry === undefined ? [] : ["--registry"]),
      ...(values["plain-http"] ? ["--plain-http"] : []),
      ...(values["yes-use"] === undefined ? [] : ["--yes-use"]),
    ];
    for (const flag of given)
      errors.push(`${flag} needs --cluster=current: the demo's own cluster has its own registry`);
    return errors.length > 0 ? { kind: "errors", errors } : { kind: "target", target: { kind: "own" } };
  }
  if (cluster !== "current") {
    errors.push(`--cluster=${cluster}: only current is known, the cluster of the current kube context`);
  }
  if (registry === undefined) {
    errors.push("--cluster=current needs --registry: a registry that you can push to and the cluster can pull from");
  } else if (!registryAddress.test(registry)) {
    errors.push(`--registry=${registry}: give HOST[:PORT][/PATH], such as registry.example.com/team`);
  }
  if (errors.length > 0 || registry === undefined) return { kind: "errors", errors };
  const target = { kind: "current", registry, plainHttp: values["plain-http"], yesUse: values["yes-use"] } as const;
  return { kind: "target", target };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  return parseArgs({
    args: [...args],
    options: {
      cluster: text,
      registry: text,
      "plain-http": { type: "boolean", default: false },
      "yes-use": text,
      help: { type: "boolean", default: false },
    },
  }).values;
}
