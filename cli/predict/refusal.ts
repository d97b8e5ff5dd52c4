import { failed } from "../complaint.ts";
import { type ServerAnswer, textOf } from "./exchange.ts";
import type { Server } from "./server.ts";

/** Part of a ModelDeployment. */
interface ModelObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * Why an answer is none, as a complaint that says what to do. The model's own server says it best; where the API server
 * answered in its place, the model's conditions tell more than its status code. `rights`: what the way takes.
 */
export async function refusal(
  answer: ServerAnswer,
  server: Server,
  rights = "get and create on services/proxy",
): Promise<Error> {
  const text = textOf(answer);
  const own = messageIn(text, "error");
  if (own !== undefined) return failed(`${server.shown} refused the request: ${own}`);
  const said = messageIn(text, "message") ?? text.trim().slice(0, 300);
  if (answer.status === 401) {
    return failed(`the API server does not know you (401): log in again, or check the kubeconfig's user`);
  }
  if (answer.status === 403) {
    return failed(`the API server does not let you reach ${server.shown}: ${said}. It takes the verbs ${rights}`);
  }
  const model = await server.model();
  if (model === undefined) return failed(`${server.shown} answered with status ${answer.status}: ${said}`);
  if (model.status === 404) {
    return failed(`there is no model ${server.shown}: kubectl get modeldeployments --all-namespaces lists them`);
  }
  const state = model.status === 200 ? stateOf(textOf(model)) : undefined;
  return failed(
    `${server.shown} cannot be asked now (status ${answer.status}): ${state ?? said}. kubectl describe modeldeployment tells more`,
  );
}

function stateOf(text: string): string | undefined {
  const { spec, status } = JSON.parse(text) as ModelObject;
  if (spec?.replicas === 0) return "it is scaled to 0: kubectl scale modeldeployment NAME --replicas=1 starts it";
  const available = status?.conditions?.find(({ type }) => type === "Available");
  if (available === undefined) return "the operator has not taken note of it: is it running?";
  if (available.status === "True") return undefined;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return `${available.reason}, ${available.message}${ready === undefined ? "" : `; ${ready.reason}: ${ready.message}`}`;
}

function messageIn(text: string, member: "error" | "message"): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const message = (value as Readonly<Record<string, unknown>>)[member];
    return typeof message === "string" && message !== "" ? message : undefined;
  } catch {
    return undefined; // a proxy's page for people
  }
}
