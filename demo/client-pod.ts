import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import { requestBody } from "./change.ts";
import { type Clients, pictureFile } from "./cluster.ts";
import type { Kubectl } from "./diagnosis.ts";

const name = "slipway-demo-client";
const directory = "/client";
/** In the images of Slipway. */
const node = "/usr/local/bin/node";
const bodyName = "request.json";

/** A forgotten demo holds a pod no longer than this. */
const longestLifeSeconds = 3_600;
/** Of the image, on a node that has never seen it. */
const readyTimeout = "180s";

/** A pod with the demo's clients in it, for a cluster whose Services are not reached from here. */
export async function clientPod(
  kubectl: Kubectl,
  { image, exec }: { readonly image: string; readonly exec: readonly string[] },
): Promise<Clients> {
  const picture = await readFile(pictureFile);
  const files = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data: { ...(await bundledClients()), [bodyName]: requestBody(picture) },
    binaryData: { [basename(pictureFile)]: picture.toString("base64") },
  };
  await kubectl(["delete", "pod", name, "--ignore-not-found"]);
  // Not as kubectl alone applies: that keeps a copy in an annotation, which is too large for one.
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], JSON.stringify(files));
  await kubectl(["create", "-f", "-"], JSON.stringify(podOf(image)));
  await kubectl(["wait", "--for=condition=Ready", `pod/${name}`, `--timeout=${readyTimeout}`]);
  const inPod = [...exec, "exec", "-i", name, "--", node];
  return {
    predict: [...inPod, `${directory}/predict.mjs`],
    pictureFile: `${directory}/${basename(pictureFile)}`,
    load: [...inPod, `${directory}/load.mjs`],
    bodyFile: `${directory}/${bodyName}`,
  };
}

/** Both clients as one file each: the image has a Node.js and none of the sources. */
async function bundledClients(): Promise<Readonly<Record<string, string>>> {
  const { outputFiles } = await build({
    absWorkingDir: repositoryDirectory,
    entryPoints: { predict: "demo/predict.ts", load: "test/load/main.ts" },
    outdir: "build/demo",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]));
}

function podOf(image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds: longestLifeSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "client",
          image,
          command: [node, "--eval", "setInterval(() => undefined, 1e6)"],
          resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "256Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "client", mountPath: directory }],
        },
      ],
      volumes: [{ name: "client", configMap: { name } }],
    },
  };
}
