import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { loopSteps } from "../../fixtures/loop-steps.ts";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { loopModel } from "../../fixtures/models/slow.ts";
import { call, type RunningServer, startServer } from "../server/harness.ts";
import { type Browser, startBrowser } from "./browser.ts";

/** Lower and upper bound of a time that was measured here, in ms. */
type Bounds = readonly [low: number, high: number];

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});

test("the latency of the last requests is told as it was: the last, the median and the longest of this page", async () => {
  const server = await startServer({ files: { "model.onnx": addModel() } });
  const { page } = await browser.open(`${server.url}/`);
  let delay = 0;
  await page.route("**/infer", async (route) => {
    await sleep(delay);
    await route.continue();
  });
  const measured: Bounds[] = [];
  // So far apart that their order is theirs, whatever the machine adds to each.
  for (delay of [2_000, 5_000, 60]) {
    const started = performance.now();
    await page.getByRole("button", { name: "Predict" }).click();
    await fact(page, "predictions", new RegExp(`^${measured.length + 1}$`));
    measured.push([delay, performance.now() - started]);
  }
  const [middle, slowest, last] = measured;
  assertWithin(await fact(page, "last"), last);
  assertWithin(await fact(page, "median"), middle);
  assertWithin(await fact(page, "longest"), slowest);
  const titles = await page.locator("#runs rect title").allTextContents();
  assert.equal(titles.length, 3);
  for (const [index, title] of titles.entries()) {
    assert.match(title, /^200: /);
    assertWithin(title.slice("200: ".length), measured[index]);
  }
  await page.close();
  await server.stop();
});

test("the duration of a request is told as the server measured it: what waited on the way does not count", async () => {
  const server = await startServer({ files: { "model.onnx": loopModel() } });
  const { page } = await browser.open(`${server.url}/`);
  const delay = 300;
  await page.route("**/infer", async (route) => {
    await sleep(delay);
    await route.continue();
  });
  await page.getByLabel("n", { exact: true }).fill(String(await loopSteps(0.3)));
  const earlier = await inferenceMilliseconds(server);
  const started = performance.now();
  await page.getByRole("button", { name: "Predict" }).click();
  const duration = page.locator("#recent tr", { hasText: "/v2/models/{model}/infer" }).locator(".number");
  const text = await duration.innerText();
  const total = performance.now() - started;
  const inference = (await inferenceMilliseconds(server)) - earlier;
  assert.ok(inference > 50, `the model ran for ${inference} ms only`);
  assertWithin(text, [inference, total - delay]);
  await page.close();
  await server.stop();
});

/** A fact of the page by its name, once it is there and looks as it should. */
async function fact(page: Page, name: string, look = /./): Promise<string> {
  const value = page.locator("#runs dl.facts > div", { hasText: new RegExp(`^${name}`) }).locator("dd");
  await value.filter({ hasText: look }).waitFor();
  return value.innerText();
}

function assertWithin(text: string, bounds: Bounds | undefined): void {
  const [, number = "", unit] = /^([\d.]+) (ms|s)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (unit === "s" ? 1000 : 1);
  const [low, high] = bounds ?? [0, 0];
  // Timers may be a millisecond early, and seconds are shown with two digits.
  const slack = unit === "s" ? 6 : 2;
  const shown = `${text} is not between ${low} and ${high} ms`;
  assert.ok(unit !== undefined && milliseconds >= low - slack && milliseconds <= high + slack, shown);
}

async function inferenceMilliseconds(server: RunningServer): Promise<number> {
  const { text } = await call(`${server.metricsUrl}/metrics`);
  return 1000 * Number(/^slipway_inference_duration_seconds_sum\{.*\} (\S+)$/m.exec(text)?.[1] ?? 0);
}
