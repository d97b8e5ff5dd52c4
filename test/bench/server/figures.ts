import { paths } from "../../../server/contract.ts";
import { startLoad } from "../../load/start.ts";
import type { Figure, Reading } from "../figure.ts";
import { cpuTime, milliseconds } from "../spread.ts";
import { drive, idleCpu, predictionUrl, unboundedRate } from "./drive.ts";
import type { PlacedTarget, ServerGround } from "./ground.ts";
import { probe, type ProbeReading } from "./probe.ts";
import type { Target } from "./targets.ts";

export const serverFigures: readonly Figure<ServerGround>[] = [
  { name: "small", title: "CPU per small request", target: "", measure: (ground) => cpu(ground, "small") },
  { name: "picture", title: "CPU per picture (classifier)", target: "", measure: (ground) => cpu(ground, "picture") },
  { name: "large", title: "CPU per 600 KB request", target: "", measure: (ground) => cpu(ground, "large") },
  {
    name: "rate-small",
    title: "small requests at saturation: rate, p50 / p99",
    target: "",
    measure: (ground) => rate(ground, "small"),
  },
  {
    name: "rate",
    title: "pictures at saturation: rate, p50 / p99",
    target: "",
    measure: (ground) => rate(ground, "picture"),
  },
  { name: "health", title: "readiness under saturation, p99: pictures / 600 KB", target: "", measure: health },
];

/** Each has one request under way at a time. */
const connections = 8;
const moderateSeconds = 12;
const saturatedSeconds = 8;

/** Often enough for a p99, seldom enough to be no load. */
const probing = { everyMs: 20, seconds: 10 };

async function cpu(ground: ServerGround, name: Target["name"]): Promise<Reading> {
  const target = ground.targets[name];
  const floor = await ground.floor(target);
  return ground.withServer(target, async (server) => {
    const idleCpuMsPerSecond = await idleCpu(server);
    const options = { connections, ratePerSecond: target.moderateRate, seconds: moderateSeconds };
    const reading = await drive(server, target, options, idleCpuMsPerSecond);
    const over = reading.cpuMsPerRequest - floor.cpuMsPerRun;
    return {
      value: `${cpuTime(reading.cpuMsPerRequest)} = raw + ${cpuTime(over)}${failures(reading.summary.failed)}`,
      floor: cpuTime(floor.cpuMsPerRun),
      detail: { ...requestOf(target), ...options, idleCpuMsPerSecond, reading, floor },
    };
  });
}

/** The floor is what the model alone lets one core do, however many others wanted that core. */
async function rate(ground: ServerGround, name: Target["name"]): Promise<Reading> {
  const target = ground.targets[name];
  const floor = await ground.floor(target);
  return ground.withServer(target, async (server) => {
    const options = { connections, ratePerSecond: unboundedRate, seconds: saturatedSeconds };
    const reading = await drive(server, target, options, 0);
    const { p50, p99 } = reading.summary.latencyMs;
    const perSecond = Math.round(reading.requestsPerSecond);
    return {
      value: `${perSecond}/s, ${p50} / ${p99} ms, CPU ${cpuTime(reading.cpuMsPerRequest)} each${failures(reading.summary.failed)}`,
      floor: `${Math.round(1000 / floor.cpuMsPerRun)}/s`,
      detail: { ...requestOf(target), ...options, reading, floor },
    };
  });
}

async function health(ground: ServerGround): Promise<Reading> {
  const { picture, large } = ground.targets;
  const idle = await ground.withServer(picture, ({ url }) => probe(url + paths.ready, probing));
  const pictures = await probeSaturated(ground, picture);
  const bodies = await probeSaturated(ground, large);
  const p99 = ({ latencyMs, outcomes }: ProbeReading): string => {
    const others = probing.seconds * (1000 / probing.everyMs) - (outcomes["200"] ?? 0);
    return `${milliseconds(latencyMs.p99)}${others === 0 ? "" : ` (${others} not 200)`}`;
  };
  return {
    value: `${p99(pictures)} / ${p99(bodies)}`,
    floor: p99(idle),
    detail: { ...probing, connections, idle, pictures, bodies },
  };
}

async function probeSaturated(ground: ServerGround, target: PlacedTarget): Promise<ProbeReading> {
  return ground.withServer(target, async (server) => {
    await drive(server, target, { connections, ratePerSecond: unboundedRate, seconds: 1 }, 0);
    const { bodyFile } = target;
    const url = predictionUrl(server, target);
    const load = startLoad({ url, bodyFile, connections, ratePerSecond: unboundedRate });
    try {
      return await probe(server.url + paths.ready, probing);
    } finally {
      await load.stop();
    }
  });
}

/** What is sent, in bytes. */
function requestOf({ about, body, model }: PlacedTarget): object {
  return { about, bodyBytes: Buffer.byteLength(body), modelBytes: model.byteLength };
}

function failures(failed: number): string {
  return failed === 0 ? "" : `, ${failed} failed`;
}
