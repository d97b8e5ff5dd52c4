import { readFile } from "node:fs/promises";
import { load } from "js-yaml";
import { chartDirectory } from "./render.ts";

/** An expression of the dashboard or of an alert, and the labels that are shown of its result. */
export interface Shown {
  /** For messages. */
  readonly where: string;
  readonly expr: string;
  readonly shownLabels: readonly string[];
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export async function readRules(): Promise<readonly Rule[]> {
  const { groups } = load(await readFile(`${chartDirectory}/files/alerts.yaml`, "utf8")) as Rules;
  return groups.flatMap(({ rules }) => rules);
}

export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(`${chartDirectory}/files/dashboard.json`, "utf8")) as Dashboard;
}

/** Everything that is asked of Prometheus, with Grafana's own variables filled in. */
export async function shownExpressions(): Promise<readonly Shown[]> {
  const alerts = (await readRules()).map(({ alert, expr, annotations }) => ({
    where: `alert ${alert}`,
    expr,
    shownLabels: matches(Object.values(annotations).join(" "), /\$labels\.(\w+)/g),
  }));
  const { panels, templating } = await readDashboard();
  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: `panel ${title}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
      shownLabels: matches(legendFormat, /\{\{(\w+)\}\}/g),
    })),
  );
  const variables = templating.list.flatMap(({ name, definition = "" }) => {
    const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
    return expr === undefined || label === undefined ? [] : [{ where: `variable ${name}`, expr, shownLabels: [label] }];
  });
  return [...alerts, ...queries, ...variables];
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}
