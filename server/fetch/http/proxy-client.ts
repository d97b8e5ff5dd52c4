import type { Client, Dispatcher, Pool } from "undici";
import { proxyRefusal } from "./proxy-refusal.ts";

/**
 * The connections on which tunnels are asked for. Any 2xx is one (RFC 9110 §9.3.6), where undici takes 200 alone; and what
 * else a proxy answers is told with what it asks for.
 */
export function tunnelClient(pool: Pool, isIdentified: boolean): Dispatcher {
  const open: (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> = pool.connect.bind(pool);
  const connect = async (options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const answer = await open(options);
    const { statusCode, headers, socket } = answer;
    if (statusCode >= 200 && statusCode < 300) return { ...answer, statusCode: 200 };
    socket.on("error", () => undefined).destroy();
    throw proxyRefusal(statusCode, headers, isIdentified);
  };
  return Object.assign(pool, { connect });
}

/**
 * A connection on which a proxy passes requests on: a 407 is the proxy's own, and no answer of the host. undici says so,
 * too, but not what the proxy asks for; its handler is told first here.
 */
export function forwardingClient(client: Client, isIdentified: boolean): Dispatcher {
  const dispatch = client.dispatch.bind(client);
  return Object.assign(client, {
    dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
      const onResponseStart = handler.onResponseStart?.bind(handler);
      const judged: ResponseStart = (controller, status, headers, text) => {
        if (status === 407) handler.onResponseError?.(controller, proxyRefusal(status, headers, isIdentified));
        else onResponseStart?.(controller, status, headers, text);
      };
      return dispatch(options, Object.assign(handler, { onResponseStart: judged }));
    },
  });
}

type ResponseStart = NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>;
