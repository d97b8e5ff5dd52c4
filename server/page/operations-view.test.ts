import assert from "node:assert/strict";
import { test } from "node:test";
import { openApi } from "../protocol/openapi/open-api.ts";
import { routeTable } from "../protocol/route-table.ts";
import { operationsView } from "./operations-view.ts";
import { routesPage } from "./routes-page.ts";

const tensor = (name: string): { name: string; datatype: "FP32"; shape: number[] } => ({
  name,
  datatype: "FP32",
  shape: [-1, 2],
});

function document(names: readonly string[]): ReturnType<typeof openApi> {
  const sampleShapes = new Map(names.map((name) => [name, [1, 2]]));
  return openApi({
    name: "m",
    version: "v1",
    signature: { inputs: names.map(tensor), outputs: [tensor("y")] },
    sampleShapes,
  });
}

test("a page of the document has every operation once", () => {
  const page = routesPage(document(["x"]));
  for (const { method, template } of routeTable) {
    const path = template.replace("{model}", "m");
    assert.equal(page.split(`<code>${method} ${path}</code>`).length, 2, path);
  }
});

test("an operation is shown with the model's tensors, what may be left out, and an example", () => {
  const view = operationsView(document(["x"]), "Predictions");
  assert.match(view, /<code>inputs<\/code> array of object: Each input/);
  assert.match(view, /<code>id<\/code> string <small>optional<\/small>/);
  assert.match(view, /<code>name<\/code> &#34;x&#34;/);
  assert.match(view, /<code>datatype<\/code> &#34;FP32&#34;/);
  assert.match(view, /\{&#34;input_data&#34;:\[\[0,0\]\]\}/);
  assert.match(view, /<code>binary_data<\/code>: true has/);
});

test("names cannot become markup, backticks and all", () => {
  const view = operationsView(document(["<img src=x>`<b>`"]), "Predictions");
  assert.doesNotMatch(view, /<img|<b>/);
});

test("of a model with a thousand inputs not all are listed", () => {
  const view = operationsView(document(Array.from({ length: 1000 }, (_, index) => `x${index}`)), "Predictions");
  assert.match(view, /The rest is in the document/);
  assert.ok(view.length < 400_000, String(view.length));
});
