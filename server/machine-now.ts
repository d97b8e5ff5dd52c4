import { hrtime } from "node:process";

/** Milliseconds on a clock that all processes of the machine share and nobody sets. For the edge alone, as every clock. */
export function machineNow(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
