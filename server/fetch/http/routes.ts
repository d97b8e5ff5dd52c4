import { Agent, Client, type Dispatcher, Pool, ProxyAgent } from "undici";
import { basicAuthorization } from "./authorization.ts";
import { type ConnectOptions, createConnector, trusted } from "./connect.ts";
import { forwardingClient, tunnelClient } from "./proxy-client.ts";
import { type Proxy, type ProxySettings, proxyFor, shownProxy } from "./proxy.ts";

export interface RouteOptions extends Pick<ConnectOptions, "certificateAuthority" | "now" | "tls" | "isHttp1"> {
  readonly proxies: ProxySettings;
  /** Each of these may take so long: to connect, to send an answer's header, and to send the next piece of its body. */
  readonly limits: { readonly idleMilliseconds: number };
}

/** How a host is reached. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** The host for messages, and the proxy before it if there is one: who failed may be either. */
  readonly shown: string;
}

/** Connections to wherever a request leads, kept until they are destroyed. */
export interface Routes {
  for(url: URL): Route;
  destroy(): Promise<void>;
}

/** `connections`: to one host; null is as many as are asked for. */
export function createRoutes(options: RouteOptions, connections: number | null = null): Routes {
  const direct = new Agent({ ...bounds(options), ...versions(options), connect: connector(options), connections });
  const throughProxies = new Map<Proxy, Dispatcher>();
  const through = (proxy: Proxy): Dispatcher => {
    const known = throughProxies.get(proxy);
    if (known !== undefined) return known;
    const dispatcher = proxyDispatcher(proxy, options, connections);
    throughProxies.set(proxy, dispatcher);
    return dispatcher;
  };
  return {
    for: (url) => {
      const proxy = proxyFor(url, options.proxies);
      if (proxy === undefined) return { dispatcher: direct, shown: url.host };
      const shown = `${url.host} (through ${shownProxy(proxy)}; NO_PROXY takes a host out)`;
      return { dispatcher: through(proxy), shown };
    },
    destroy: async () => {
      await Promise.all([direct, ...throughProxies.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/**
 * `https://` by a tunnel (CONNECT), so that TLS is spoken with the host itself; `http://` by asking the proxy for the
 * whole URL (RFC 9112 §3.2.2). Every connection that undici opens on the way has our bounds and our certificates, which
 * it would else have of its own.
 */
function proxyDispatcher({ url }: Proxy, options: RouteOptions, connections: number | null): Dispatcher {
  const toProxy = { ...bounds(options), connect: connector({ ...options, tls: {}, isToProxy: true }) };
  const { username, password } = url;
  const isIdentified = username !== "" || password !== "";
  const forwarding = (origin: URL, given: object): Dispatcher =>
    forwardingClient(new Client(origin, given), isIdentified);
  return new ProxyAgent({
    ...bounds(options),
    connections,
    // Without the user name and password, which undici does not take when one of them is empty.
    uri: `${url.protocol}//${url.host}/`,
    ...(isIdentified ? { token: basicAuthorization(decodeURIComponent(username), decodeURIComponent(password)) } : {}),
    requestTls: { ...trusted(options.certificateAuthority), ...options.tls, ...versions(options) },
    connectTimeout: options.limits.idleMilliseconds,
    clientFactory: (origin) => tunnelClient(new Pool(origin, { ...toProxy, allowH2: false }), isIdentified),
    // Asked for a pool to a host behind the tunnel, or for one to the proxy that forwards.
    factory: (origin, given) =>
      origin.toString() === `${url.protocol}//${url.host}/`
        ? new Pool(origin, { ...toProxy, connections, allowH2: false, factory: forwarding })
        : new Pool(origin, { ...given, ...versions(options) }),
  });
}

function versions({ isHttp1 }: RouteOptions): { readonly allowH2?: boolean } {
  return isHttp1 === true ? { allowH2: false } : {};
}

function bounds({ limits }: RouteOptions): { readonly headersTimeout: number; readonly bodyTimeout: number } {
  return { headersTimeout: limits.idleMilliseconds, bodyTimeout: limits.idleMilliseconds };
}

function connector(options: RouteOptions & Pick<ConnectOptions, "isToProxy">): ReturnType<typeof createConnector> {
  return createConnector({ ...options, connectMilliseconds: options.limits.idleMilliseconds });
}
