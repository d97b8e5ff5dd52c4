import { isProblem, type Problem, problems } from "../errors.ts";
import type { Handler, Reply } from "../http/handler.ts";
import type { AppOptions } from "./app-options.ts";
import type { Call } from "./http/call.ts";
import { createReplies } from "./http/replies.ts";
import { createHandlers } from "./http/route-handlers.ts";
import { createRouter, type Route } from "./http/routes.ts";
import { clientGone, createTellRequest } from "./http/tell-request.ts";

/** The prediction port: protocols, health, pages. Thin: what a request means is decided in `protocol/`. */
export function createApp(options: AppOptions): Handler<Call> {
  const replies = createReplies(options.log);
  const { refuse, fail } = replies;
  const tell = createTellRequest(options);
  const findRoute = createRouter(options.modelName, options.modelVersion, createHandlers(options, replies, tell));

  return {
    head(exchange) {
      const preflight = options.cors.preflight(exchange);
      const found = findRoute(exchange.path);
      const call: Call = {
        exchange,
        route: routeOf(preflight, found),
        ticket: options.budget.open(),
        marks: options.tracer === undefined ? undefined : [],
      };
      exchange.attached = call;
      // Whatever the path: what is wrong with it is for the request itself to hear.
      if (isProblem(preflight)) return refuse(call, preflight);
      if (preflight !== undefined) {
        exchange.answer(preflight);
        return undefined;
      }
      if (isProblem(found)) return refuse(call, found);
      const method = exchange.method === "HEAD" ? "GET" : exchange.method;
      const handler = method === "GET" || method === "POST" ? found.methods[method] : undefined;
      if (handler === undefined) {
        const allow = found.methods.GET === undefined ? "POST" : "GET, HEAD";
        return refuse(call, problems.methodNotAllowed(exchange.method, allow));
      }
      try {
        return handler(call);
      } catch (error) {
        fail(call, error);
        return undefined;
      }
    },

    whole(exchange, body) {
      const call = exchange.attached;
      try {
        call?.whole?.(body);
      } catch (error) {
        if (call !== undefined) fail(call, error);
      }
    },

    over(exchange, end) {
      const call = exchange.attached;
      if (call === undefined) return;
      call.ticket.give();
      if (end === "gone") tell(call, clientGone);
      // Without a status it was handed over, and its page tells.
      else if (exchange.status !== 0) tell(call, exchange.status);
    },
  };
}

/** Of a bounded set. A browser's question is none of the route's requests. */
function routeOf(preflight: Reply | Problem | undefined, found: Route | Problem): string {
  if (preflight !== undefined) return "preflight";
  return isProblem(found) ? "unknown" : found.template;
}
