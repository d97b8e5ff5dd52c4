import { parser } from "@prometheus-io/lezer-promql";

/** What an expression reads: the series by name, and the labels that they are chosen by. */
export interface Selector {
  readonly series: string;
  readonly matchers: readonly Matcher[];
}

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Expression {
  readonly selectors: readonly Selector[];
  /** Labels of by, on and the like. */
  readonly grouping: readonly string[];
  /** Whether anything is summed up, so that only grouping labels are left. */
  readonly aggregates: boolean;
}

/** Parses with Prometheus' own grammar; an expression that it does not take is an error. */
export function parseExpression(text: string): Expression {
  const selectors: { series: string; matchers: { label: string; operator: string; value: string }[] }[] = [];
  const grouping: string[] = [];
  let aggregates = false;
  parser.parse(text).iterate({
    enter({ name, type, from, to, node }) {
      const token = text.slice(from, to);
      if (type.isError) throw new Error(`${text}: not understood at ${from}: ${token}`);
      if (name === "AggregateExpr") aggregates = true;
      if (name === "VectorSelector") selectors.push({ series: "", matchers: [] });
      const selector = selectors.at(-1);
      const isMatcher = node.parent?.name === "UnquotedLabelMatcher";
      if (name === "Identifier" && selector !== undefined) selector.series = token;
      else if (name === "LabelName" && isMatcher) selector?.matchers.push({ label: token, operator: "", value: "" });
      else if (name === "LabelName") grouping.push(token);
      const matcher = selector?.matchers.at(-1);
      if (name === "MatchOp" && matcher !== undefined) matcher.operator = token;
      if (name === "StringLiteral" && isMatcher && matcher !== undefined) matcher.value = JSON.parse(token) as string;
    },
  });
  return { selectors, grouping, aggregates };
}

/** A line of the text that Prometheus reads. */
export interface Sample {
  readonly series: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function parseSamples(text: string): readonly Sample[] {
  return [...text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)].map(([, series = "", list = ""]) => {
    const labels = [...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = "", value = ""]) => [name, value]);
    return { series, labels: Object.fromEntries(labels) as Record<string, string> };
  });
}
