import type { Spread } from "../../spread.ts";
import type { BenchResults } from "../run-bench.ts";
import { markdownTable, shortNumber } from "./markdown-table.ts";
import { median } from "./paired.ts";

/** What is not a cell, a table each; what was not measured has none. */
export function otherTables(results: BenchResults): readonly { readonly title: string; readonly table: string }[] {
  const tables = [orderTable, startTable, healthTable, memoryTable, scalingTable].map((tableOf) => tableOf(results));
  return tables.flatMap(({ title, head, rows }) =>
    rows.length === 0 ? [] : [{ title, table: markdownTable(head, rows) }],
  );
}

interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function orderTable({ orders }: BenchResults): Table {
  const groups = Map.groupBy(orders, ({ peer, size }) => `${peer} ${size}`);
  const rows = [...groups.values()].flatMap((readings) => {
    const cpu = (position: "first" | "second"): string => {
      const value = median(readings.filter((reading) => reading.position === position).map(({ cpuMs }) => cpuMs));
      return value === undefined ? "-" : shortNumber(value);
    };
    return readings[0] === undefined ? [] : [[readings[0].peer, readings[0].size, cpu("first"), cpu("second")]];
  });
  return {
    title: "CPU ms a request by the order of sizes (JSON)",
    head: ["peer", "bodies", "sent first", "sent second"],
    rows,
  };
}

function startTable({ starts }: BenchResults): Table {
  const models = [...new Set(starts.map(({ model }) => model))];
  const peers = [...new Set(starts.map(({ peer }) => peer))];
  const rows = peers.map((peer) => [
    peer,
    ...models.map((model) => {
      const own = starts
        .filter((reading) => reading.peer === peer && reading.model === model)
        .map(({ ms }) => ms / 1000);
      const middle = median(own);
      return middle === undefined
        ? ""
        : `${shortNumber(middle)} s (${shortNumber(Math.min(...own))} to ${shortNumber(Math.max(...own))})`;
    }),
  ]);
  return { title: "start to first inference", head: ["peer", ...models], rows };
}

function healthTable({ healths }: BenchResults): Table {
  const spread = ({ p50, p99, most }: Spread): string => [p50, p99, most].map(shortNumber).join(" / ");
  const rows = healths.map(({ peer, during, latencyMs, idleMs, failed }) => [
    peer,
    during,
    spread(latencyMs),
    `${failed} of ${latencyMs.count + failed}`,
    spread(idleMs),
  ]);
  const head = ["peer", "during", "p50 / p99 / longest ms", "failed", "an idle process meanwhile"];
  return { title: "health", head, rows };
}

function memoryTable({ memories }: BenchResults): Table {
  const rows = memories.map(({ peer, model, idleMebibytes, loadedMebibytes }) => [
    peer,
    model,
    `${idleMebibytes} MiB`,
    `${loadedMebibytes} MiB`,
  ]);
  return { title: "PSS", head: ["peer", "model", "idle", "after c8 JSON"], rows };
}

function scalingTable({ scalings }: BenchResults): Table {
  const cores = [...new Set(scalings.map((reading) => reading.cores))].toSorted((left, right) => left - right);
  const rows = [...Map.groupBy(scalings, ({ model }) => model)].map(([model, readings]) => [
    model,
    ...cores.map((count) => {
      const value = median(readings.filter((reading) => reading.cores === count).map(({ perSecond }) => perSecond));
      return value === undefined ? "" : `${shortNumber(value)}/s`;
    }),
  ]);
  return { title: "growth with cores", head: ["model", ...cores.map((count) => `${count} cores`)], rows };
}
