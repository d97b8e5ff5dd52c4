import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Linux gives ports from 32768 on to whoever asks for any (`ip_local_port_range`), so one of those that was free a moment
 * ago may be somebody else's by the time that the program starts. Those below are nobody's who does not name them.
 */
const lowestPort = 10_000;
/** More than a test file needs at a time. */
const portsOfProcess = 16;
/** Test files run side by side, and their process ids lie close together. */
const processes = 1_400;

let asked = 0;

/** A port on loopback that is this process's own, for a program that cannot choose one and say so. */
export async function freePort(): Promise<number> {
  const first = lowestPort + (process.pid % processes) * portsOfProcess;
  for (let tried = 0; tried < portsOfProcess; tried += 1) {
    const port = first + (asked++ % portsOfProcess);
    if (await isFree(port)) return port;
  }
  throw new Error(`all ports from ${first} to ${first + portsOfProcess - 1} are taken: stop what listens there`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
