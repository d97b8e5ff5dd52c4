import { run } from "../command.ts";
import { type NodeNames, sinkAddress, sinkGateway, sinkInterface } from "./addresses.ts";
import { sinkRules } from "./sink.ts";

/**
 * Makes the network namespace that the node lives in. A veth pair joins it to the host; its default route leads to
 * a bridge without ports: a packet for a Service address needs a route before it is redirected, and whatever else
 * follows that route ends there. Nothing can leave the machine.
 */
export async function createNetwork(names: NodeNames): Promise<void> {
  const { networkNamespace, hostInterface, nodeInterface, hostAddress, nodeAddress } = names;
  await run("ip", ["netns", "add", networkNamespace]);
  const veth = ["type", "veth", "peer", "name", nodeInterface, "netns", networkNamespace];
  await run("ip", ["link", "add", hostInterface, ...veth]);
  await run("ip", ["address", "add", `${hostAddress}/24`, "dev", hostInterface]);
  await run("ip", ["link", "set", hostInterface, "up"]);
  const inside = [
    "link set lo up",
    `address add ${nodeAddress}/24 dev ${nodeInterface}`,
    `link set ${nodeInterface} up`,
    `link add ${sinkInterface} type bridge`,
    `address add ${sinkAddress}/24 dev ${sinkInterface}`,
    `link set ${sinkInterface} up`,
    `route add default via ${sinkGateway} dev ${sinkInterface} src ${nodeAddress}`,
  ];
  await run("ip", ["-netns", networkNamespace, "-batch", "-"], { input: `${inside.join("\n")}\n` });
  const settings = [
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
  ];
  await inNetwork(names, "sysctl", ["--quiet", "--write", ...settings]);
  for (const [command, ...parameters] of sinkRules()) await inNetwork(names, command, parameters);
}

/** Runs a command inside the node's network; clients of Services run there. */
export function inNetwork(names: NodeNames, command: string, parameters: readonly string[]) {
  // Not `ip netns exec`: that mounts a new /sys and so hides the cgroups.
  return run("nsenter", [`--net=${names.networkNamespaceFile}`, command, ...parameters]);
}
