import { podNetwork, sinkInterface } from "./addresses.ts";

/** What left a pod or the node since the node was started, in packets. */
export type Traffic = {
  /** To anywhere outside the cluster: took the default route and ended in the sink. */
  readonly sink: number;
  /** To port 53 of anybody, over UDP or TCP. */
  readonly nameLookups: number;
  /** First packets of connections that the pod itself opened, to anybody. */
  readonly connections: number;
};

const sets = { sink: "slipway-sink", nameLookups: "slipway-dns", connections: "slipway-new" } as const;

/**
 * Commands that set the counters up: an address is entered into a set by its first packet, and the set counts this
 * and every later packet of that address.
 */
export function sinkRules(): [command: string, ...parameters: string[]][] {
  const pods = ["-s", podNetwork];
  const counted: [chain: string, match: string[], set: string][] = [
    // Before the source is rewritten, and for forwarded packets as for the node's own.
    ["POSTROUTING", ["-o", sinkInterface], sets.sink],
    // Before a Service address is replaced by the one of a pod.
    ["PREROUTING", [...pods, "-p", "udp", "--dport", "53"], sets.nameLookups],
    ["PREROUTING", [...pods, "-p", "tcp", "--dport", "53"], sets.nameLookups],
    ["PREROUTING", [...pods, "-m", "conntrack", "--ctstate", "NEW"], sets.connections],
  ];
  const create = Object.values(sets).map((set): [string, ...string[]] => [
    "ipset",
    "create",
    set,
    "hash:ip",
    "counters",
  ]);
  const count = counted.flatMap(([chain, match, set]): [string, ...string[]][] => [
    ["iptables", "-t", "mangle", "-A", chain, ...match, "-j", "SET", "--add-set", set, "src"],
    ["iptables", "-t", "mangle", "-A", chain, ...match, "-m", "set", "--match-set", set, "src"],
  ]);
  return [...create, ...count];
}

/** Reads `ipset save` into the traffic of each source address; an address that is missing has sent nothing. */
export function parseTraffic(saved: string): Map<string, Traffic> {
  const traffic = new Map<string, Traffic>();
  for (const [kind, set] of Object.entries(sets)) {
    const line = new RegExp(`^add ${set} (\\S+) packets (\\d+)`, "gm");
    for (const [, address = "", packets] of saved.matchAll(line)) {
      const before = traffic.get(address) ?? noTraffic;
      traffic.set(address, { ...before, [kind]: Number(packets) });
    }
  }
  return traffic;
}

export const noTraffic: Traffic = { sink: 0, nameLookups: 0, connections: 0 };
