import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "js-yaml";
import { chartDirectory } from "../test/chart/render.ts";
import { withChartImages } from "./chart-images.ts";

interface Chart {
  readonly annotations: Readonly<Record<string, string>>;
}

const imagesAnnotation = "artifacthub.io/images";

test("a chart names the images that it is released with, and is otherwise as it was", async () => {
  const text = await readFile(`${chartDirectory}/Chart.yaml`, "utf8");
  const digest = `sha256:${"a".repeat(64)}`;
  const images = {
    operator: `registry.example.com/operator:1@${digest}`,
    server: `registry.example.com/server:1@${digest}`,
  };
  const [before, after] = [text, withChartImages(text, images)].map((each) => load(each) as Chart);
  assert.deepEqual(load(after?.annotations[imagesAnnotation] ?? ""), [
    { name: "operator", image: images.operator },
    { name: "server", image: images.server },
  ]);
  const without = (chart: Chart | undefined): object => ({
    ...chart,
    annotations: { ...chart?.annotations, [imagesAnnotation]: "" },
  });
  assert.deepEqual(without(after), without(before));
});

test("a chart without the annotation is a mistake", () => {
  const images = { operator: "a", server: "b" };
  assert.throws(() => withChartImages("annotations: {}\n", images), /no annotation artifacthub\.io\/images/);
});
