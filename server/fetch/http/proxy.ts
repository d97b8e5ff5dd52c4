import { BlockList, isIP } from "node:net";
import { failure } from "../failure.ts";
import type { Environment } from "../sources/source.ts";

/** By which proxies hosts are reached, out of the variables that programs of the network share. */
export interface ProxySettings {
  /** For `http://`. */
  readonly http: Proxy | ProxyMistake | undefined;
  /** For `https://`. */
  readonly https: Proxy | ProxyMistake | undefined;
  /** Hosts that are reached without one. */
  readonly exceptions: readonly ProxyException[];
}

export interface Proxy {
  /** `http:` or `https:`; may hold a user name and password. */
  readonly url: URL;
  /** Name of the variable, for messages. */
  readonly variable: string;
}

/** A variable that names no proxy that can be spoken to. */
export interface ProxyMistake {
  /** What to write, as a sentence; without the variable's value, which may hold a password. */
  readonly mistake: string;
}

/** One entry of `NO_PROXY`. */
export interface ProxyException {
  readonly matches: (host: string) => boolean;
  /** Undefined is any. */
  readonly port: number | undefined;
}

export const noProxies: ProxySettings = { http: undefined, https: undefined, exceptions: [] };

/** A proxy for requests of a scheme is named by the first of these that is set, as with curl. */
const variables = {
  http: ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
  https: ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
  exceptions: ["no_proxy", "NO_PROXY"],
} as const;

/**
 * A value without a scheme is meant to be `http://`. One that names no proxy is a mistake where a request would use it,
 * and nowhere else: `ALL_PROXY` is often set for other programs.
 */
export function readProxySettings(environment: Environment): ProxySettings {
  const read = (names: readonly string[]): { readonly variable: string; readonly value: string } | undefined => {
    for (const variable of names) {
      const value = environment[variable]?.trim();
      // What is set to nothing, in small letters, takes away what is set in capitals.
      if (value !== undefined) return value === "" ? undefined : { variable, value };
    }
    return undefined;
  };
  const proxy = (names: readonly string[]): Proxy | ProxyMistake | undefined => {
    const found = read(names);
    if (found === undefined) return undefined;
    const { variable, value } = found;
    if (hasMoreThanHost(value)) {
      const escapes = "in the user name and the password write %23 for #, %2F for /, %3F for ? and %5C for \\";
      return { mistake: `${variable} has more than http://NAME:PASSWORD@HOST:PORT: ${escapes}.` };
    }
    const url = proxyUrl(value);
    return url === undefined
      ? { mistake: `${variable} names no HTTP proxy: write http://HOST:PORT.` }
      : { url, variable };
  };
  const http = proxy(variables.http);
  const https = proxy(variables.https);
  const listed = read(variables.exceptions)?.value.split(/[\s,]+/) ?? [];
  return { http, https, exceptions: listed.filter((entry) => entry !== "").map(proxyException) };
}

/** The proxy that a request goes through; undefined where it goes to its host itself. Throws the failure of a mistake. */
export function proxyFor({ protocol, hostname, port }: URL, settings: ProxySettings): Proxy | undefined {
  const proxy = protocol === "https:" ? settings.https : settings.http;
  if (proxy === undefined) return undefined;
  const host = bare(hostname);
  if (isNear(host)) return undefined;
  const asked = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  const isException = settings.exceptions.some(
    (exception) => exception.matches(host) && (exception.port === undefined || exception.port === asked),
  );
  if (isException) return undefined;
  if ("mistake" in proxy) throw failure("InvalidConfiguration", proxy.mistake);
  return proxy;
}

/** `host:port` of a proxy, without what may be secret. */
export function shownProxy({ url, variable }: Proxy): string {
  return `the proxy ${url.host} of ${variable}`;
}

/**
 * A path, a query or a fragment, which no proxy has: what was meant for the password begins it, and what stands before it
 * would be told as the host.
 */
function hasMoreThanHost(value: string): boolean {
  return /[/?#\\]/.test(value.replace(/^[^/?#\\]*:\/\//, "").replace(/\/$/, ""));
}

function proxyUrl(value: string): URL | undefined {
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "") return undefined;
  try {
    decodeURIComponent(`${url.username}${url.password}`);
    return url;
  } catch {
    return undefined; // a lone % in the user name or password
  }
}

const nearNetworks = new BlockList();
nearNetworks.addSubnet("127.0.0.0", 8, "ipv4");
nearNetworks.addAddress("::1", "ipv6");
// Link-local, where nodes and clouds keep their metadata and credentials: of the machine that asks, and of no other.
nearNetworks.addSubnet("169.254.0.0", 16, "ipv4");
nearNetworks.addSubnet("fe80::", 10, "ipv6");
nearNetworks.addSubnet("fd00:ec2::", 32, "ipv6");

/** The machine itself and the Services of its cluster: a proxy of the network cannot know which ones are meant. */
function isNear(host: string): boolean {
  if (isIP(host) !== 0) return isIn(nearNetworks, host);
  return host === "localhost" || /\.(localhost|svc|cluster\.local)$/.test(host);
}

/**
 * `*` is every host. `example.com` and `.example.com` are it and all below, `*.example.com` all below; an address is
 * itself, `10.0.0.0/8` the addresses in it; each with `:port` is that port alone. No name is resolved for it.
 */
function proxyException(entry: string): ProxyException {
  const network = /^\[?([0-9a-f.:]+)\]?\/(\d{1,3})$/i.exec(entry);
  const subnet = network === null ? undefined : blockListOf(network[1] ?? "", Number(network[2]));
  if (subnet !== undefined) return { matches: (host) => isIP(host) !== 0 && isIn(subnet, host), port: undefined };
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const name = bare(inBrackets ?? plain ?? entry);
  const port = digits === undefined ? undefined : Number(digits);
  if (name === "*") return { matches: () => true, port };
  if (isIP(name) !== 0) return { matches: (host) => isSameAddress(host, name), port };
  const suffix = name.replace(/^\*?\.?/, "");
  const isBelowOnly = name.startsWith("*");
  return { matches: (host) => host.endsWith(`.${suffix}`) || (!isBelowOnly && host === suffix), port };
}

/** Small letters, without brackets and the dot that ends a full name. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/(.)\.$/, "$1");
}

function blockListOf(address: string, bits: number): BlockList | undefined {
  const family = isIP(address);
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  return list;
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function isSameAddress(host: string, address: string): boolean {
  if (isIP(host) === 0 || isIP(host) !== isIP(address)) return false;
  const list = new BlockList();
  list.addAddress(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return isIn(list, host);
}
