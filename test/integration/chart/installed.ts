import type { TestContext } from "node:test";
import { run } from "../../cluster/command.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../../cluster/control-plane.ts";
import { unpackTools } from "../../cluster/tools.ts";
import { established } from "../established.ts";
import { chartDirectory, leastValues, release } from "../../chart/render.ts";

export interface InstallOptions {
  readonly values?: object & { readonly watchNamespaces?: readonly string[] };
  /** Another chart than that of this work tree. */
  readonly chart?: string;
}

/** A real API server on which the chart is installed. Without nodes no pod of it runs. */
export async function installedChart(
  t: TestContext,
  options: ControlPlaneOptions = {},
  { values = leastValues, chart = chartDirectory }: InstallOptions = {},
): Promise<ControlPlane> {
  const plane = await startControlPlane({ name: "chart", ...options });
  t.after(() => plane.stop());
  for (const namespace of values.watchNamespaces ?? []) await plane.kubectl(["create", "namespace", namespace]);
  await helm(plane, ["install", release.name, chart, "--create-namespace", "--values", "-"], values);
  await established(plane);
  return plane;
}

export async function helm(plane: ControlPlane, command: readonly string[], values?: object): Promise<string> {
  const tools = await unpackTools();
  const where = ["--namespace", release.namespace, "--kubeconfig", plane.adminKubeconfigPath];
  const input = values === undefined ? {} : { input: JSON.stringify(values) };
  const { stdout } = await run(tools.helm, [...command, ...where], { ...input, timeoutMilliseconds: 120_000 });
  return stdout;
}
