import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../test/cluster/command.ts";
import { unpackTools } from "../test/cluster/tools.ts";
import { type ChartImages, withChartImages } from "./chart-images.ts";

export interface ChartRelease {
  readonly source: string;
  /** Of the images that were pushed, for those who look at the chart before they install it. */
  readonly images: ChartImages;
  readonly registry: string;
  readonly plainHttp: boolean;
  /** Where the archive is kept. */
  readonly directory: string;
}

/** Packs the chart and pushes it; gives its repository and digest. */
export async function releaseChart(release: ChartRelease): Promise<{ repository: string; digest: string }> {
  const { helm } = await unpackTools();
  const { directory, registry } = release;
  const copy = join(directory, "slipway");
  await rm(copy, { recursive: true, force: true });
  await cp(release.source, copy, { recursive: true });
  const file = join(copy, "Chart.yaml");
  await writeFile(file, withChartImages(await readFile(file, "utf8"), release.images));
  const packed = await run(helm, ["package", copy, "--destination", directory]);
  await rm(copy, { recursive: true });
  const [, archive] = /saved it to: (.+)$/m.exec(packed.stdout) ?? [];
  if (archive === undefined) throw new Error(`helm package did not say where the archive is: ${packed.stdout}`);
  const flags = release.plainHttp ? ["--plain-http"] : [];
  const { stdout, stderr } = await run(helm, ["push", archive.trim(), `oci://${registry}/slipway/charts`, ...flags]);
  const [digest] = /sha256:[0-9a-f]{64}/.exec(`${stdout}${stderr}`) ?? [];
  if (digest === undefined) throw new Error(`helm push gave no digest: ${stdout}${stderr}`);
  return { repository: `${registry}/slipway/charts/slipway`, digest };
}
