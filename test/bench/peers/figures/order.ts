import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, messageOf, type Problem } from "../bench.ts";
import { placeRequest } from "../cells.ts";
import { runLoad } from "../load/run-load.ts";
import { meanModel, type Model } from "../model.ts";
import type { Peer } from "../peer.ts";
import { measureRaw, rawOutputs, rawSettings } from "../raw.ts";
import { checkAnswer, firstInferenceMs, withPeer } from "../started-peer.ts";
import { measureWindow } from "../window.ts";
import type { Outputs } from "../wire/answer.ts";
import { requestOf } from "../wire/request.ts";

/** What a request of one size takes in a process that has seen the other size before, or has not. */
export interface OrderReading {
  /** Or {@link rawPeer}. */
  readonly peer: string;
  readonly size: "large" | "small";
  readonly position: "first" | "second";
  readonly turn: number;
  readonly cpuMs: number;
  readonly perSecond: number;
}

/** ONNX Runtime alone on the large request: what the run itself takes. */
export const rawPeer = "raw, 1 thread";

const [oneThread] = rawSettings;

/** As many numbers as a picture of 224 x 224 has. */
const largeRows = 37_632;
const smallRows = 1;
/** Few enough that the large bodies wait for nobody. */
const connections = 8;

/**
 * Large JSON bodies and then small ones, and in another process small ones and then large ones: V8 compiles a parser for
 * what it has seen, so a figure of one size alone may not be what a mixed load gets.
 */
export async function measureOrder(bench: Bench, problems: Problem[]): Promise<readonly OrderReading[]> {
  const sizes = { large: meanModel(largeRows), small: meanModel(smallRows) } as const;
  const expected = {
    large: await expectedOf(bench, sizes.large),
    small: await expectedOf(bench, sizes.small),
  };
  const readings: OrderReading[] = [];
  for (let turn = 0; turn < bench.pairs; turn += 1) {
    readings.push(await measureRun(bench, sizes.large, turn));
    for (const peer of bench.peers.filter(({ kind }) => kind !== "product")) {
      for (const order of [
        ["large", "small"],
        ["small", "large"],
      ] as const) {
        try {
          readings.push(...(await measureOne(bench, peer, order, sizes, expected, turn)));
        } catch (error) {
          problems.push({ peer: peer.name, what: `order ${order.join(", ")}`, why: messageOf(error) });
        }
      }
    }
  }
  return readings;
}

async function measureRun(bench: Bench, model: Model, turn: number): Promise<OrderReading> {
  const { cpuMs, perSecond } = await measureRaw(bench, model, await placeRequest(bench, model), oneThread, turn);
  bench.report(`order turn ${turn + 1}: ${rawPeer} large: CPU ${cpuMs.toFixed(3)} ms`);
  return { peer: rawPeer, size: "large", position: "first", turn, cpuMs, perSecond };
}

type Size = OrderReading["size"];

async function expectedOf(bench: Bench, model: Model): Promise<Outputs> {
  return rawOutputs(bench, model, await placeRequest(bench, model));
}

async function measureOne(
  bench: Bench,
  peer: Peer,
  order: readonly Size[],
  models: Readonly<Record<Size, Model>>,
  expected: Readonly<Record<Size, Outputs>>,
  turn: number,
): Promise<readonly OrderReading[]> {
  const [first = "small"] = order;
  return withPeer(bench, peer, models[first], async (started) => {
    await firstInferenceMs(started, expected[first]);
    const readings: OrderReading[] = [];
    const dialect = { kind: "v2-json" } as const;
    for (const size of order) {
      const request = requestOf(models[size], dialect);
      const bodyFile = join(bench.scratch, `order-${size}`);
      await writeFile(bodyFile, request.body);
      const problem = await checkAnswer(started, dialect, request, expected[size]);
      if (problem !== undefined) throw new Error(problem);
      const load = { addresses: started.addresses, dialect, request, bodyFile, connections, seconds: bench.seconds };
      // What is compared is compiled code that has seen one size or both, not code that is not compiled yet.
      await runLoad({ ...load, seconds: 1 });
      const { cpuMs, perSecond } = await measureWindow(started.process.pid, load);
      readings.push({ peer: peer.name, size, position: size === first ? "first" : "second", turn, cpuMs, perSecond });
      bench.report(
        `order turn ${turn + 1}: ${peer.name} ${size} ${size === first ? "first" : "second"}: CPU ${cpuMs.toFixed(3)} ms`,
      );
    }
    return readings;
  });
}
