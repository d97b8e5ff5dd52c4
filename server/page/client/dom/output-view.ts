import {
  largest,
  type Output,
  type Ranked,
  rowName,
  rowsOf,
  valueText,
  vectorOf,
  areProbabilities,
} from "../answer.ts";
import { element } from "./element.ts";

const shownBars = 10;
const shownRows = 20;
const shownColumns = 12;

/** One output as bars of its largest values, where it is one vector, or as a table. */
export function outputView(output: Output, labels: readonly string[]): HTMLElement {
  const { name, datatype, shape, data } = output;
  const vector = vectorOf(output);
  const caption = element(
    "h3",
    {},
    element("code", {}, name),
    element("small", {}, ` ${datatype} [${shape.join(", ")}]`),
  );
  const content =
    data.length === 0
      ? element("p", { class: "hint" }, "No values.")
      : vector === undefined
        ? table(output)
        : bars(output, vector, labels);
  return element("section", { class: "output" }, caption, content);
}

function bars(output: Output, vector: readonly number[], labels: readonly string[]): HTMLElement {
  const ranked = largest(vector, shownBars);
  const isPercent = areProbabilities(vector);
  const list = element("ol", { class: "bars" });
  for (const one of ranked) list.append(bar(output, one, labels[one.index], isPercent));
  const rest = vector.length - ranked.length;
  if (rest === 0) return list;
  return element("div", {}, list, element("p", { class: "hint" }, `and ${rest.toLocaleString("en")} more`));
}

function bar(
  { data, datatype }: Output,
  { index, value, part }: Ranked,
  label: string | undefined,
  isPercent: boolean,
): HTMLElement {
  const exact = valueText(data[index] ?? "", datatype);
  const meter = element("progress", { max: 1, value: Math.max(0, Math.min(1, part)), "aria-hidden": "true" });
  const name = label === undefined || label === "" ? String(index) : label;
  return element(
    "li",
    { title: `element ${index}: ${exact}` },
    element("span", { class: "label" }, name),
    meter,
    element("span", { class: "number" }, isPercent ? `${(100 * value).toFixed(1)} %` : exact),
  );
}

function table(output: Output): HTMLElement {
  const { shape, datatype, data } = output;
  const columns = shape.at(-1) ?? 1;
  const rows = rowsOf(output, shownRows, shownColumns);
  const body = element("tbody");
  rows.forEach((values, row) => {
    const cells = values.map((value) => element("td", {}, valueText(value, datatype)));
    if (shape.length > 1) cells.unshift(element("th", { scope: "row" }, rowName(shape, row)));
    if (columns > shownColumns) cells.push(element("td", {}, "…"));
    body.append(element("tr", {}, ...cells));
  });
  const scroller = element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": output.name },
    element("table", { class: "numbers" }, body),
  );
  const hiddenRows = data.length / columns - rows.length;
  if (hiddenRows === 0) return scroller;
  return element(
    "div",
    {},
    scroller,
    element("p", { class: "hint" }, `and ${hiddenRows.toLocaleString("en")} more ${hiddenRows === 1 ? "row" : "rows"}`),
  );
}
