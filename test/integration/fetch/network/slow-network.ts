import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A network of its own, in which connecting takes a second, and a name has an address that leads nowhere. */
export interface SlowNetwork {
  /** Runs a program in it, and gives its standard output. */
  run(program: string, ...words: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

const execute = promisify(execFile);

/** By 127.0.0.1, and by an address of IPv6 to which there is no way: a network without IPv6, as most clusters' are. */
export const dualName = "dual.test";
/** The first SYN of every connection is lost, and sent again after a second. */
export const slowPort = 8000;
/** Every SYN is lost. */
export const silentPort = 8001;

/** Needs root. `name`: of the network namespace, a new one. */
export async function createSlowNetwork(name: string): Promise<SlowNetwork> {
  // `ip netns exec` lays what is here over /etc.
  const settings = join("/etc/netns", name);
  const inside = (program: string, ...words: readonly string[]): ReturnType<typeof execute> =>
    execute("ip", ["netns", "exec", name, program, ...words]);
  await execute("ip", ["netns", "add", name]);
  try {
    await mkdir(settings, { recursive: true });
    await writeFile(join(settings, "hosts"), `127.0.0.1 localhost ${dualName}\nfd00:dead::1 ${dualName}\n`);
    await execute("ip", ["-netns", name, "link", "set", "lo", "up"]);
    const syn = ["iptables", "-A", "INPUT", "-p", "tcp", "--syn"] as const;
    const second = ["-m", "statistic", "--mode", "nth", "--every", "2", "--packet", "0"];
    await inside(...syn, "--dport", String(slowPort), ...second, "-j", "DROP");
    await inside(...syn, "--dport", String(silentPort), "-j", "DROP");
  } catch (error) {
    await close();
    throw error;
  }
  return {
    run: async (program, ...words) => String((await inside(program, ...words)).stdout),
    close,
  };

  async function close(): Promise<void> {
    await execute("ip", ["netns", "delete", name]);
    await rm(settings, { recursive: true, force: true });
  }
}
