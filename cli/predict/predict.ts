import type { Invocation } from "../command.ts";
import { type ExitCode, exitCodes, misused } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import type { Answered } from "./answered.ts";
import { askByHttp, metadataByHttp } from "./ask-by-http.ts";
import { clusterServer } from "./cluster-server.ts";
import { directServer } from "./direct-server.ts";
import { encodeRequest, writtenRequest } from "./encode-request.ts";
import { askByGrpc, metadataByGrpc } from "./grpc/ask-by-grpc.ts";
import { createChannel } from "./grpc/channel.ts";
import { checkInput, type Input, readInput, readLabels } from "./input.ts";
import type { HttpProtocol, Protocol } from "./protocol.ts";
import type { Server } from "./server.ts";
import { showJson, showText } from "./show-answer.ts";

/** `slipway predict NAME`: one prediction of a served model, and its outputs. */
export async function predict(invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const [name = ""] = invocation.operands;
  checkInput(invocation);
  const labels = await readLabels(invocation.text("labels"));
  const server = await serverOf(name, invocation, edge);
  try {
    const input = await readInput(invocation, edge);
    const protocol = (invocation.text("protocol") as Protocol | undefined) ?? input.protocol;
    const answered =
      protocol === "grpc"
        ? await predictByGrpc(name, input, server, invocation, edge)
        : await predictByHttp(name, input, protocol, server, edge);
    if (invocation.text("output") === "json") showJson(answered, protocol, edge);
    else showText(answered, protocol, { top: invocation.whole("top") ?? 1, labels }, edge);
    return exitCodes.done;
  } finally {
    await server.close();
  }
}

/** The model's metadata is read when the request has to be made for it. */
async function predictByHttp(
  name: string,
  { json, question }: Input,
  protocol: HttpProtocol,
  server: Server,
  edge: Edge,
): Promise<Answered> {
  const request =
    json !== undefined && json.protocol === protocol
      ? writtenRequest(json.protocol, name, json.text)
      : encodeRequest(protocol, name, question(await metadataByHttp(server, name)));
  return askByHttp(server, name, request, edge);
}

async function predictByGrpc(
  name: string,
  { question }: Input,
  server: Server,
  invocation: Invocation,
  edge: Edge,
): Promise<Answered> {
  const url = new URL(invocation.text("url") ?? "http://localhost");
  const channel = createChannel({
    connect: server.connect,
    shown: server.shown,
    authority: url.host,
    isTls: url.protocol === "https:",
    timeoutSeconds: invocation.whole("timeout") ?? 60,
    interrupted: edge.interrupted,
  });
  try {
    return await askByGrpc(channel, name, question(await metadataByGrpc(channel, name)), edge);
  } finally {
    channel.close();
  }
}

async function serverOf(name: string, invocation: Invocation, edge: Edge): Promise<Server> {
  const url = invocation.text("url");
  const timeoutSeconds = invocation.whole("timeout") ?? 60;
  const [namespace, context, kubeconfig] = ["namespace", "context", "kubeconfig"].map((option) =>
    invocation.text(option),
  );
  if (url === undefined) return clusterServer({ name, namespace, context, kubeconfig, timeoutSeconds }, edge);
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    throw misused(`--url ${JSON.stringify(url)}: write http://HOST:PORT`);
  }
  if (namespace !== undefined || context !== undefined || kubeconfig !== undefined) {
    throw misused("--url asks a server directly: leave out --namespace, --context and --kubeconfig");
  }
  return directServer(url, timeoutSeconds, edge);
}
