import type { CellReading } from "../../cells.ts";
import { benchModels } from "../../model.ts";
import type { PeerFacts } from "../../run-bench.ts";
import { protocols } from "../../wire/request.ts";
import { chartConnections, type ChartPanel, chartPanels, type ChartPoint } from "./chart-panels.ts";
import { subject } from "../lost-cells.ts";
import { shortNumber } from "../markdown-table.ts";

/** Pixels. */
const width = 880;
const nameWidth = 84;
const panelGap = 24;
const panelWidth = (width - nameWidth - protocols.length * panelGap) / protocols.length;
/** At the right of a panel, for the rates in words. */
const rateWidth = 58;
const plotWidth = panelWidth - rateWidth;
const rowHeight = 16;
const headHeight = 74;
const modelHeadHeight = 26;
const modelGap = 10;
const lineHeight = 16;

const protocolTitles = { json: "JSON", binary: "binary tensors", grpc: "gRPC" } as const;
/** As their makers write them. */
const productTitles: Readonly<Record<string, string>> = {
  slipway: "Slipway",
  node: "the floor",
  fastapi: "FastAPI",
  mlserver: "MLServer",
  kserve: "KServe",
  litserve: "LitServe",
  bentoml: "BentoML",
  triton: "Triton",
};

/** The reader's own colours: an SVG in a page reads the scheme of the page's reader. */
const style = `
  text { font: 11px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #57606a; }
  .title { font-size: 15px; font-weight: 600; fill: #1f2328; }
  .head { font-size: 12px; font-weight: 600; fill: #1f2328; }
  .slipway text, text.slipway { font-weight: 700; fill: #0550ae; }
  .grid { stroke: #d8dee4; stroke-width: 1; }
  .one { stroke: #57606a; stroke-width: 1.5; }
  .dot { fill: #8c959f; stroke: #8c959f; stroke-width: 1.5; }
  .floor .dot { fill: #1f2328; stroke: #1f2328; }
  .slipway .dot { fill: #0969da; stroke: #0969da; }
  .batching .dot { fill: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9da7b1; }
    .title, .head { fill: #f0f6fc; }
    .slipway text, text.slipway { fill: #79c0ff; }
    .grid { stroke: #30363d; }
    .one { stroke: #9da7b1; }
    .dot { fill: #7d8590; stroke: #7d8590; }
    .floor .dot { fill: #f0f6fc; stroke: #f0f6fc; }
    .slipway .dot { fill: #58a6ff; stroke: #58a6ff; }
    .batching .dot { fill: none; }
  }
`;

/**
 * A standalone SVG: for each model and protocol a row a product, its rate over the floor's on a scale of doublings. Below
 * it the lines of the caption.
 */
export function chartOf(
  cells: readonly CellReading[],
  peers: readonly PeerFacts[],
  caption: readonly string[],
): string {
  const panels = chartPanels(cells, peers);
  const models = [...new Set(panels.map(({ model }) => model))];
  const products = [...new Set(peers.map(({ product }) => product))].filter((product) =>
    panels.some(({ points }) => points.some((point) => point.product === product)),
  );
  const scale = scaleOf(panels);
  const modelHeight = modelHeadHeight + products.length * rowHeight + modelGap;
  const bottom = headHeight + models.length * modelHeight;
  const foot = [legendText, ...caption];
  const height = bottom + (foot.length + 1) * lineHeight;
  const blocks = models.map((model, index) => {
    const own = panels.filter((panel) => panel.model === model);
    return `<g transform="translate(0 ${headHeight + index * modelHeight})">${modelBlock(own, products, scale)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>Requests a second with ${chartConnections} connections, over a bare node:http server with onnxruntime-node</title>`,
    `<style>${style}</style>`,
    text(0, 18, `Requests a second, ${chartConnections} connections, against the floor`, "title"),
    text(0, 36, floorText),
    headOf(scale),
    ...blocks,
    ...foot.map((line, index) => text(0, bottom + (index + 1) * lineHeight, line)),
    "</svg>",
    "",
  ].join("\n");
}

const floorText =
  "The floor (1) is onnxruntime-node behind a bare node:http, for gRPC with binary tensors. Each line is twice the one before.";

const legendText =
  "Numbers are requests a second. A ring: with the peer's own batching. –: does not speak it, was not asked, or answered wrongly.";

/** Powers of two, the lowest and the highest. */
interface Scale {
  readonly low: number;
  readonly high: number;
}

/** Lines further apart than this many doublings would be too many to read. */
const mostDoublings = 12;

/** The same for all panels, with the floor always on it. What is slower than the scale is put at its edge. */
function scaleOf(panels: readonly ChartPanel[]): Scale {
  const ratios = panels.flatMap(({ points }) => points.map(({ ratio }) => Math.log2(ratio)));
  const high = Math.max(1, Math.ceil(Math.max(0, ...ratios)));
  const low = Math.min(-1, Math.floor(Math.min(0, ...ratios)));
  return { low: Math.max(low, high - mostDoublings), high };
}

function position(ratio: number, { low, high }: Scale): number {
  const exponent = Math.min(high, Math.max(low, Math.log2(ratio)));
  return ((exponent - low) / (high - low)) * plotWidth;
}

function panelLeft(index: number): number {
  return nameWidth + panelGap / 2 + index * (panelWidth + panelGap);
}

function steps({ low, high }: Scale): readonly number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

function headOf(scale: Scale): string {
  const labels = protocols.flatMap((protocol, index) => [
    text(panelLeft(index), 56, protocolTitles[protocol], "head"),
    // Every second doubling has room for its name; the floor's is always there.
    ...steps(scale)
      .filter((step) => step % 2 === 0)
      .map((step) => {
        const name = step < 0 ? `1/${2 ** -step}` : String(2 ** step);
        return text(panelLeft(index) + position(2 ** step, scale), 72, name, "", "middle");
      }),
  ]);
  return labels.join("");
}

function modelBlock(panels: readonly ChartPanel[], products: readonly string[], scale: Scale): string {
  const bottom = modelHeadHeight + products.length * rowHeight;
  const names = products.map((product, row) =>
    text(nameWidth - 8, baseline(row), titleOf(product), product === subject ? "slipway" : "", "end"),
  );
  const drawn = panels.map(({ protocol, points }) => {
    const grid = steps(scale).map((step) => {
      const x = round(position(2 ** step, scale));
      return `<line class="${step === 0 ? "one" : "grid"}" x1="${x}" x2="${x}" y1="${modelHeadHeight - 6}" y2="${bottom}"/>`;
    });
    const rows = products.map((product, row) =>
      pointOf(
        points.find((point) => point.product === product),
        row,
        scale,
      ),
    );
    return `<g transform="translate(${round(panelLeft(protocols.indexOf(protocol)))} 0)">${[...grid, ...rows].join("")}</g>`;
  });
  return [text(0, 14, modelTitle(panels[0]?.model ?? ""), "head"), ...names, ...drawn].join("");
}

function titleOf(product: string): string {
  return productTitles[product] ?? product;
}

/** `iris: MLP 4-16-3` */
function modelTitle(name: string): string {
  const about = benchModels().find((model) => model.name === name)?.about;
  return about === undefined ? name : `${name}: ${about}`;
}

function pointOf(point: ChartPoint | undefined, row: number, scale: Scale): string {
  if (point === undefined) return text(panelWidth, baseline(row), "–", "", "end");
  const { product, kind, isBatching, perSecond, p99Ms, ratio } = point;
  const about = `${titleOf(product)}${isBatching ? " with batching" : ""}: ${rateText(perSecond)}/s, p99 ${shortNumber(p99Ms)} ms, ${shortNumber(ratio)} of the floor`;
  const radius = kind === "slipway" ? 5.5 : 4;
  const y = baseline(row) - 4;
  return [
    `<g class="${kind}${isBatching ? " batching" : ""}"><title>${escape(about)}</title>`,
    `<circle class="dot" cx="${round(position(ratio, scale))}" cy="${y}" r="${radius}"/>`,
    `${text(panelWidth, baseline(row), rateText(perSecond), "", "end")}</g>`,
  ].join("");
}

/** `25,300` */
function rateText(perSecond: number): string {
  return shortNumber(perSecond).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function baseline(row: number): number {
  return modelHeadHeight + row * rowHeight + 12;
}

function text(
  x: number,
  y: number,
  content: string,
  className = "",
  anchor: "start" | "middle" | "end" = "start",
): string {
  const attributes = `${className === "" ? "" : ` class="${className}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}`;
  return `<text x="${round(x)}" y="${y}"${attributes}>${escape(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
