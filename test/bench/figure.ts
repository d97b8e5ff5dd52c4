import type { Report } from "../cluster/report.ts";

/** What `make bench` measures in one go and prints in one line. */
export interface Figure<Ground> {
  /** Word after `--only`. */
  readonly name: string;
  readonly title: string;
  /** As the project holds itself to it; empty where the figure is only printed. */
  readonly target: string;
  readonly measure: (ground: Ground) => Promise<Reading>;
}

export interface Reading {
  readonly value: string;
  /** The same work without the part that is measured, in the same run. */
  readonly floor?: string;
  /** Everything behind the value, for `--json`. */
  readonly detail: object;
}

/** A line of the table. */
export interface Line {
  readonly name: string;
  readonly title: string;
  readonly target: string;
  readonly value: string;
  readonly floor: string;
  readonly command: string;
  readonly detail: object;
  /** Why there is no value. */
  readonly error?: string;
}

export interface GroupOptions {
  /** Stands for 1,000 in every figure that counts objects; the 500 and the 100 shrink with it. */
  readonly objects: number;
  /** Name of the one figure that is wanted; all when undefined. */
  readonly only: string | undefined;
  /** Folder for CPU profiles of the operator; none when undefined. */
  readonly profile: string | undefined;
  readonly report: Report;
}

/** A set of figures that share what they need to be measured. */
export interface Group {
  readonly name: string;
  readonly about: string;
  readonly figures: readonly Pick<Figure<never>, "name" | "title" | "target">[];
  readonly run: (options: GroupOptions) => Promise<readonly Line[]>;
}

/** Measures one figure; one that cannot be measured is a line, too, and the others go on. */
export async function measured<Ground>(
  group: string,
  figure: Figure<Ground>,
  ground: Ground,
  options: GroupOptions,
): Promise<Line> {
  const { name, title, target } = figure;
  const line = { name, title, target, command: commandOf(group, name, options.objects) };
  options.report(`${group} ${name}: ${title} ...`);
  try {
    const { value, floor = "", detail } = await figure.measure(ground);
    options.report(`${group} ${name}: ${value}${floor === "" ? "" : ` (floor ${floor})`}`);
    return { ...line, value, floor, detail };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    options.report(`${group} ${name}: not measured: ${why}`);
    return { ...line, value: "not measured", floor: "", detail: {}, error: why };
  }
}

export const standardObjects = 1_000;

function commandOf(group: string, figure: string, objects: number): string {
  const size = objects === standardObjects ? "" : ` --objects ${objects}`;
  return `node test/bench/main.ts ${group} --only ${figure}${size}`;
}
