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

export const standardObjects = 1_000;
