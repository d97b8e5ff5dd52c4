/**
 * Runs in a slow network (`slow-network.ts`): connects to a server there in every way that Slipway connects, and writes
 * as JSON what came of each, with the seconds that it took.
 */
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { once } from "node:events";
import { directionModels } from "../../../../demo/models.ts";
import { createConnections } from "../../../../operator/kube/transport/connections.ts";
import { slipway, withFolder } from "../../cli/slipway.ts";
import { fetching } from "../fetching.ts";
import { dualName, silentPort, slowPort } from "./slow-network.ts";

export interface Connected {
  readonly message: string;
  readonly seconds: number;
}

const model = directionModels().v1;
const server = createServer((request, response) => {
  if (request.url === "/model.onnx") response.end(model);
  else if (request.url === "/predict") response.end('{"predictions":[1]}');
  else if (request.method === "HEAD") response.writeHead(200, { "docker-content-digest": "sha256:none" }).end();
  // So is a manifest stored that is put.
  else response.writeHead(request.method === "PUT" ? 201 : 404).end();
}).listen(slowPort, "127.0.0.1");
await once(server, "listening");

const results: Record<string, Connected> = {};
const timed = async (name: string, connect: () => Promise<string>): Promise<void> => {
  const began = performance.now();
  const message = await connect();
  results[name] = { message, seconds: (performance.now() - began) / 1000 };
};

const fetched = async (host: string, idleMilliseconds = 60_000): Promise<string> => {
  const { report } = await fetching(
    { SLIPWAY_MODEL_URI: `http://${host}/model.onnx`, SLIPWAY_PLAIN_HTTP_HOSTS: host },
    { limits: { retryDelaysMilliseconds: [], idleMilliseconds } },
  );
  return report.ok ? "ok" : `${report.reason}: ${report.message}`;
};

await timed("fetch", () => fetched(`${dualName}:${slowPort}`));
await timed("fetch from nowhere", () => fetched(`${dualName}:${silentPort}`, 2000));
await timed("fetch from one address that is silent", () => fetched(`127.0.0.1:${silentPort}`, 1000));
await withFolder(async (directory) => {
  const file = join(directory, "model.onnx");
  await writeFile(file, model);
  await writeFile(join(directory, "input.json"), '{"input_data":[1]}');
  const host = `${dualName}:${slowPort}`;
  const ways = {
    push: ["push", file, `oci://${host}/m:1`, "--plain-http"],
    predict: ["predict", "m", "--url", `http://${host}`, "--json", join(directory, "input.json")],
  };
  for (const [name, words] of Object.entries(ways)) {
    await timed(name, async () => {
      const { code, stderr } = await slipway(words);
      return code === 0 && !stderr.includes("trying again") ? "ok" : stderr;
    });
  }
});
await timed("operator", async () => {
  const connections = createConnections(`http://${dualName}:${slowPort}`, 1);
  try {
    const { body, statusCode } = await connections.for({}).requests.request({ method: "GET", path: "/model.onnx" });
    await body.dump();
    return statusCode === 200 ? "ok" : String(statusCode);
  } catch (error) {
    return String(error);
  } finally {
    await connections.destroy();
  }
});

server.closeAllConnections();
server.close();
process.stdout.write(JSON.stringify(results));
