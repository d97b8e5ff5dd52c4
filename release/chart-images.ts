/** References of both images, as an installation of the chart pulls them. */
export interface ChartImages {
  readonly operator: string;
  readonly server: string;
}

/** What the chart's own version pulls, without the registry, which `imageRegistry` puts before it. */
export function unplacedImages(version: string): ChartImages {
  return { operator: `slipway/operator:${version}`, server: `slipway/server:${version}` };
}

/** A Chart.yaml with these in its annotation `artifacthub.io/images`. */
export function withChartImages(chart: string, { operator, server }: ChartImages): string {
  const block = /^ {2}artifacthub\.io\/images: \|\n(?: {4}.*\n)*/m;
  if (!block.test(chart)) throw new Error("Chart.yaml has no annotation artifacthub.io/images: |");
  const lines = [
    "  artifacthub.io/images: |",
    `    - name: operator\n      image: ${operator}`,
    `    - name: server\n      image: ${server}`,
  ];
  return chart.replace(block, () => `${lines.join("\n")}\n`);
}
