/** Clients that ask without a pause over kept-alive connections, and count what is lost. */
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { buildConnector, Client } from "undici";

export const question = JSON.stringify({ input_data: [1, 2, 3] });

export interface LoadClient {
  readonly served: () => number;
  /** Version that the last answer was of. */
  readonly latest: () => string;
  readonly stop: () => Promise<{ failures: string[]; versions: Set<string> }>;
}

/** Where the next connection leads is decided when it is made, as a Service does it. */
interface Endpoint {
  readonly port: number;
}

/** Sends one request after the other on one connection, and counts what went wrong. */
export function startClient(endpoint: Endpoint, kind: keyof typeof senders = "agent"): LoadClient {
  const { send, close } = senders[kind](endpoint);
  const failures: string[] = [];
  const versions = new Set<string>();
  let latest = "";
  let served = 0;
  const stopped = new AbortController();
  const work = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        const { status, text } = await send();
        if (status !== 200) failures.push(`status ${status}`);
        ({ model_version: latest } = JSON.parse(text) as { model_version: string });
        versions.add(latest);
        served += 1;
      } catch (error) {
        failures.push(String(error));
      }
    }
    await close();
  };
  const worked = work();
  return {
    served: () => served,
    latest: () => latest,
    async stop() {
      stopped.abort();
      await worked;
      return { failures, versions };
    },
  };
}

interface Sender {
  readonly send: () => Promise<{ status: number; text: string }>;
  readonly close: () => Promise<void>;
}

const senders = { agent: agentSender, undici: undiciSender } as const;

function agentSender(endpoint: Endpoint): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => connect(endpoint.port, "127.0.0.1");
  return {
    send: () =>
      new Promise((resolve, reject) => {
        const request = httpRequest({ agent, method: "POST", path: "/predict", host: "127.0.0.1" }, (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (part: string) => {
            text += part;
          });
          response.on("error", reject);
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        });
        request.on("error", reject);
        request.end(question);
      }),
    close: () => Promise.resolve(agent.destroy()),
  };
}

function undiciSender(endpoint: Endpoint): Sender {
  const connectTo = buildConnector({});
  const client = new Client("http://127.0.0.1", {
    connect: (options, callback) => connectTo({ ...options, port: String(endpoint.port) }, callback),
  });
  return {
    async send() {
      const { statusCode, body } = await client.request({ method: "POST", path: "/predict", body: question });
      return { status: statusCode, text: await body.text() };
    },
    close: () => client.close(),
  };
}
