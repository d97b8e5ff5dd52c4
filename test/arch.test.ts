/**
 * Who may import whom, and what pure code may not do (see ARCHITECTURE.md). Reads the import lines of every source
 * file, so a new folder has to find its place here before anything in it can be merged.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";

/** A part of the code: its files, the parts that it may import, and whether it is pure. */
interface Part {
  readonly files: readonly string[];
  readonly imports: readonly string[];
  /** No I/O, no clock, no randomness, no environment, no logger. */
  readonly pure?: true;
  /** Packages and built-in modules; all when left out. Types alone are always allowed. */
  readonly packages?: readonly string[];
}

const parts: Readonly<Record<string, Part>> = {
  contract: { files: ["server/contract.ts"], imports: [], pure: true, packages: [] },
  api: { files: ["operator/api/"], imports: [], pure: true, packages: [] },
  build: { files: ["operator/build/"], imports: ["api", "contract"], pure: true, packages: [] },
  plan: { files: ["operator/plan/"], imports: ["api", "build", "contract"], pure: true, packages: ["node:crypto"] },
  kube: { files: ["operator/kube/"], imports: [] },
  cache: { files: ["operator/cache.ts"], imports: ["kube"], packages: [] },
  projections: {
    files: ["operator/projections.ts", "operator/pod-projection.ts"],
    imports: ["api", "plan", "kube", "contract"],
    packages: [],
  },
  observe: {
    files: ["operator/observe.ts"],
    imports: ["api", "plan", "kube", "cache", "projections", "podReports"],
    packages: [],
  },
  podReports: { files: ["operator/pod-reports.ts"], imports: ["plan", "kube", "podReport"], packages: [] },
  podReport: { files: ["operator/pod-report.ts"], imports: ["api", "contract"], packages: ["node:http"] },
  apply: {
    files: ["operator/apply.ts", "operator/adopt.ts", "operator/send.ts"],
    imports: ["api", "plan", "kube", "projections"],
    packages: [],
  },
  reconcile: { files: ["operator/reconcile.ts"], imports: ["observe", "apply", "plan", "kube", "api"], packages: [] },
  caches: {
    files: ["operator/caches.ts"],
    imports: ["projections", "observe", "api", "plan", "kube", "cache"],
    packages: ["node:util"],
  },
  modelMetrics: { files: ["operator/model-metrics.ts"], imports: ["api"], packages: ["prom-client"] },
  operatorConfig: { files: ["operator/config.ts"], imports: ["plan"] },
  operatorMain: {
    files: ["operator/main.ts"],
    imports: ["reconcile", "caches", "kube", "operatorConfig", "modelMetrics", "observe", "podReports", "podReport"],
  },
  protocol: {
    files: ["server/protocol/", "server/json/", "server/tensor.ts"],
    imports: ["contract", "serverErrors"],
    pure: true,
    packages: ["node:buffer"],
  },
  serverErrors: {
    files: ["server/errors.ts", "server/show.ts", "server/tensor-problems.ts"],
    imports: ["contract"],
    pure: true,
    packages: [],
  },
  fetch: { files: ["server/fetch/"], imports: ["contract"] },
  // Whatever of the server has no rules of its own.
  server: { files: ["server/"], imports: ["contract", "protocol", "serverErrors", "fetch"] },
  cliPlanCommand: {
    files: ["cli/plan/plan.ts", "cli/plan/schema.ts"],
    imports: ["cli", "cliText", "cliPlan", "api", "plan"],
  },
  cliPlan: {
    files: ["cli/plan/"],
    imports: ["cliPlanCommand", "cli", "cliText", "api", "plan", "contract"],
    pure: true,
    packages: ["js-yaml", "@marcbachmann/cel-js"],
  },
  cliText: { files: ["cli/text/"], imports: ["cli"], pure: true, packages: ["node:util"] },
  // Of the operator's runtime, how a kubeconfig is read.
  cli: {
    files: ["cli/"],
    imports: ["cliText", "cliPlanCommand", "api", "kube", "contract", "fetch", "server", "protocol", "serverErrors"],
  },
};

test("imports follow the law", async () => {
  const files = await sources();
  const broken: string[] = [];
  for (const file of files) {
    const part = partOf(file);
    if (part === undefined) continue;
    for (const { target, typeOnly } of importsOf(file)) {
      if (target.startsWith(".")) {
        const imported = partOf(join(dirname(file), target));
        if (imported !== part && !(imported !== undefined && parts[part]?.imports.includes(imported))) {
          broken.push(`${file} (${part}) imports ${target} (${imported ?? "no part"})`);
        }
      } else if (!typeOnly && parts[part]?.packages?.includes(target) === false) {
        broken.push(`${file} (${part}) imports ${target}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

test("every source file of the operator belongs to a part", async () => {
  const strays = (await sources()).filter((file) => file.startsWith("operator/") && partOf(file) === undefined);
  assert.deepEqual(strays, []);
});

test("the operator imports nothing of the server but its contract", async () => {
  const files = (await sources()).filter((file) => file.startsWith("operator/"));
  const broken = files.flatMap((file) =>
    importsOf(file)
      .map(({ target }) => join(dirname(file), target))
      .filter((target) => target.startsWith("server/") && target !== "server/contract.ts")
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(broken, []);
});

test("pure code reads no clock, no randomness, no environment and writes no log", async () => {
  const impure = /\b(Date\.now|performance\.now|Math\.random|process\.|console\.|setTimeout|setInterval|new Date\(\))/;
  const broken: string[] = [];
  for (const file of await sources()) {
    if (parts[partOf(file) ?? ""]?.pure !== true) continue;
    const lines = (await readFile(file, "utf8")).split("\n");
    for (const [index, text] of lines.entries()) {
      const code = text.replace(/\/\/.*$/, "").replace(/^\s*\*.*$/, "");
      if (impure.test(code)) broken.push(`${file}:${index + 1}: ${text.trim()}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("only the engine loads onnxruntime-node, and only main.ts touches process", async () => {
  const broken: string[] = [];
  for (const file of await sources()) {
    const loads = importsOf(file).some(({ target, typeOnly }) => target === "onnxruntime-node" && !typeOnly);
    if (loads && !file.startsWith("server/engine/")) broken.push(`${file} imports onnxruntime-node`);
    const text = await readFile(file, "utf8");
    const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
    if (/\bprocess\.[a-z]/.test(code) && !/(^|\/)main\.ts$/.test(file) && !processReaders.includes(file)) {
      broken.push(`${file} touches process`);
    }
  }
  assert.deepEqual(broken, []);
});

/** Files beside main.ts that need the process itself, each for a reason that stands in it. */
const processReaders: readonly string[] = ["server/engine/session/load-library.ts", "server/packing/packed-folders.ts"];

async function sources(): Promise<string[]> {
  const found = await Array.fromAsync(glob(["operator/**/*.ts", "server/**/*.ts", "cli/**/*.ts"]));
  const files = found.filter((file) => !file.endsWith(".test.ts")).toSorted();
  assert.ok(files.length > 40, `only ${files.length} source files found: the test looks in the wrong place`);
  return files;
}

function partOf(file: string): string | undefined {
  return Object.entries(parts).find(([, part]) =>
    part.files.some((place) => (place.endsWith("/") ? file.startsWith(place) : file === place)),
  )?.[0];
}

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"/gm);
  const found = [...statements].map(([, type, target]) => ({ target: target ?? "", typeOnly: type !== undefined }));
  const dynamic = [...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)].map(([, target]) => ({
    target: target ?? "",
    typeOnly: false,
  }));
  return [...found, ...dynamic].map((one) => ({
    ...one,
    target: builtinModules.includes(one.target) ? `node:${one.target}` : one.target,
  }));
}
