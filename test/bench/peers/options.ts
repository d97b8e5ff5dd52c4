import { parseArgs } from "node:util";
import { leftOutQuickly } from "./peers.ts";
import { type Protocol, protocols } from "./wire/request.ts";

/** What can be measured, in the order in which it is. */
export const parts = ["cells", "order", "start", "health", "memory", "scaling"] as const;
export type Part = (typeof parts)[number];

export interface Options {
  /** Names of peers; all when empty. */
  readonly only: readonly string[];
  /** Names of models; all when empty. */
  readonly models: readonly string[];
  readonly protocols: readonly Protocol[];
  readonly parts: readonly Part[];
  readonly connections: readonly number[];
  readonly pairs: number;
  readonly seconds: number;
  /** In about half an hour all models, protocols and connections, with the floors and all products, roughly. */
  readonly quick: boolean;
  readonly folder: string;
  readonly json: string | undefined;
  readonly svg: string | undefined;
  readonly installOnly: boolean;
  readonly help: boolean;
}

export type OptionsResult =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** What `--pairs` and `--seconds` are where they are not given. Of two turns each goes one way. */
const wholeLengths = { pairs: "5", seconds: "2" } as const;
const quickLengths = { pairs: "2", seconds: "1" } as const;

const mostConnections = 256;
const mostPairs = 100;
const mostSeconds = 600;

export interface Names {
  readonly peers: readonly string[];
  readonly models: readonly string[];
}

/** Reads the command line; every mistake is named at once. */
export function readOptions(words: readonly string[], names: Names, defaultFolder: string): OptionsResult {
  const mistakes: string[] = [];
  let values;
  try {
    ({ values } = parseArgs({ args: [...words], options: flags }));
  } catch (error) {
    return { ok: false, mistakes: [error instanceof Error ? error.message : String(error)] };
  }
  const list = <T extends string>(flag: string, text: string | undefined, known: readonly T[]): readonly T[] => {
    const named = (text ?? "").split(",").filter((word) => word !== "");
    const unknown = named.filter((word) => known.every((name) => name !== word));
    if (unknown.length > 0) mistakes.push(`--${flag} ${unknown.join(",")}: known are ${known.join(", ")}`);
    return known.filter((name) => named.includes(name));
  };
  const whole = (flag: string, text: string, most: number): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > most)
      mistakes.push(`--${flag} ${text}: a whole number from 1 to ${most}`);
    return value;
  };
  const lengths = values.quick ? quickLengths : wholeLengths;
  const options: Options = {
    only: list("only", values.only, names.peers),
    models: list("models", values.models, names.models),
    protocols: list("protocols", values.protocols ?? protocols.join(","), protocols),
    parts: list("parts", values.parts ?? parts.join(","), parts),
    connections: values.connections.split(",").map((text) => whole("connections", text, mostConnections)),
    pairs: whole("pairs", values.pairs ?? lengths.pairs, mostPairs),
    seconds: whole("seconds", values.seconds ?? lengths.seconds, mostSeconds),
    quick: values.quick,
    folder: values.folder ?? defaultFolder,
    json: values.json,
    svg: values.svg,
    installOnly: values["install-only"],
    help: values.help,
  };
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, options };
}

const flags = {
  only: { type: "string" },
  models: { type: "string" },
  protocols: { type: "string" },
  parts: { type: "string" },
  connections: { type: "string", default: "1,8,32" },
  pairs: { type: "string" },
  seconds: { type: "string" },
  quick: { type: "boolean", default: false },
  folder: { type: "string" },
  json: { type: "string" },
  svg: { type: "string" },
  "install-only": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export function helpText({ peers, models }: Names, defaultFolder: string): string {
  return `npx node test/bench/peers/main.ts [--only PEER,...] [--models MODEL,...] [--protocols PROTOCOL,...] [--parts PART,...]
                                [--connections N,...] [--pairs N] [--seconds N] [--quick] [--folder DIR]
                                [--json FILE] [--svg FILE] [--install-only]

Measures Slipway's server, ONNX Runtime alone, a bare node:http and the products that people use instead, in one run.

  --only PEER,...       ${peers.join(", ")}
  --models MODEL,...    ${models.join(", ")}
  --protocols NAME,...  ${protocols.join(", ")}
  --parts PART,...      cells: rate, latency and processor time; order: large bodies before small ones and after;
                        start: until the first answer; health: probes under load; memory; scaling: Slipway on 2, 4,
                        8 and 16 of the cores, as far as there are so many
  --connections N,...   each with one request under way (1,8,32)
  --pairs N             how often everything is measured, each time in the opposite order (${wholeLengths.pairs}; quick: ${quickLengths.pairs})
  --seconds N           of one window (${wholeLengths.seconds}; quick: ${quickLengths.seconds})
  --quick               in about half an hour instead of hours: every cell, twice and shortly, but for ${leftOutQuickly}
                        unless --only names it; all other parts of Slipway and the floors only. What it prints says so
  --folder DIR          what is installed, may be deleted at any time (${defaultFolder})
  --json FILE           every reading, beside the tables
  --svg FILE            the chart of the cells with 8 connections
  --install-only        fill the folder, about 3 GB, and measure nothing

Take no reading while anything else runs. A peer that cannot be installed or started is named and left out.
`;
}
