import assert from "node:assert/strict";
import { test } from "node:test";
import { modelPage } from "./model-page.ts";

test("names of a model and a host header cannot become markup", () => {
  const evil = '<script>alert("1")</script>';
  const page = modelPage(
    {
      name: evil,
      version: evil,
      signature: {
        inputs: [{ name: evil, datatype: "FP32", shape: [1] }],
        outputs: [{ name: evil, datatype: "FP32", shape: [-1] }],
      },
      outputNames: [evil],
      sampleShapes: new Map([[evil, [1]]]),
      provider: "cpu",
      refusedProviders: [{ provider: "cuda", message: evil }],
      batchRows: 1,
    },
    evil,
    1,
  );
  assert.deepEqual(page.match(/<script[^>]*>/g), ['<script type="module" src="page/dom/main.js">']);
  assert.match(page, /&#60;script&#62;/);
  assert.match(page, /\[-1\]/);
  assert.match(page, /Runs on cpu\. Not on cuda: &#60;script&#62;/);
});
