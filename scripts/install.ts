/**
 * Renders the chart for `kubectl apply`: the same objects as `helm install` makes, and the namespace that they lie in.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../test/cluster/command.ts";
import { unpackTools } from "../test/cluster/tools.ts";

const repository = join(import.meta.dirname, "..");
const namespace = "slipway-system";

const namespaceManifest = `---
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    app.kubernetes.io/name: slipway
    app.kubernetes.io/managed-by: kubectl
    pod-security.kubernetes.io/enforce: restricted
`;

const help = `npm run build:install -- --registry REGISTRY [--values FILE]... [--output FILE]
  --registry REGISTRY  where both images lie: REGISTRY/slipway/operator and REGISTRY/slipway/server
  --values FILE        values of the chart, as helm takes them; may be given more than once
  --output FILE        build/install.yaml unless given
`;

const { values } = parseArgs({
  options: {
    registry: { type: "string" },
    values: { type: "string", multiple: true, default: [] },
    output: { type: "string", default: join(repository, "build", "install.yaml") },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
} else if (values.registry === undefined && values.values.length === 0) {
  process.stderr.write(`name the registry of the images with --registry, or the images with --values\n${help}`);
  process.exitCode = 2;
} else {
  await mkdir(dirname(values.output), { recursive: true });
  await writeFile(values.output, await manifest(values.registry ?? "", values.values));
  process.stdout.write(`${values.output} is written: kubectl apply -f ${values.output}\n`);
}

async function manifest(registry: string, files: readonly string[]): Promise<string> {
  const { helm } = await unpackTools();
  const flags = [
    // Only helm knows when to run a hook.
    "--no-hooks",
    `--namespace=${namespace}`,
    ...files.map((file) => `--values=${file}`),
    ...(registry === "" ? [] : [`--set=imageRegistry=${registry}`]),
    // Nobody but kubectl will look after these objects.
    String.raw`--set=commonLabels.app\.kubernetes\.io/managed-by=kubectl`,
  ];
  const { stdout } = await run(helm, ["template", "slipway", join(repository, "charts", "slipway"), ...flags]);
  return namespaceManifest + stdout;
}
