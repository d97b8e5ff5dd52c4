import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { isProblem } from "../errors.ts";
import { decodePredict } from "../protocol/predict.ts";
import { decodeV1 } from "../protocol/v1.ts";
import { decodeV2 } from "../protocol/v2/decode-v2.ts";
import type { ServedModel } from "../state.ts";
import { type Signature, type TensorSpec, elementCount } from "../tensor.ts";
import { curlLines } from "./curl.ts";

function served(inputs: readonly TensorSpec[], shapes: readonly (readonly number[])[]): ServedModel {
  const signature: Signature = { inputs, outputs: [] };
  const sampleShapes = new Map(inputs.map(({ name }, index) => [name, shapes[index] ?? []]));
  const ran = { sampleShapes, provider: "cpu", refusedProviders: [], batchRows: 1 } as const;
  return { name: "m", version: "v1", signature, outputNames: [], ...ran };
}

/** In curl's place: says the body that it would send, and where. */
const curl = `curl() {
  for last; do :; done
  while [ "$1" != --data-binary ]; do shift; done
  if [ "$2" = @- ]; then cat; else printf %s "$2"; fi
  printf '\\n%s' "$last"
}`;

function runInShell(command: string): { readonly body: Buffer; readonly url: string } {
  const output = execFileSync("/bin/sh", ["-c", `${curl}\n${command}`], { maxBuffer: 64 * 1024 * 1024 });
  const end = output.lastIndexOf("\n");
  return { body: output.subarray(0, end), url: output.subarray(end + 1).toString() };
}

describe("the commands shown to people send what the model takes", () => {
  const table: readonly (readonly [string, ServedModel])[] = [
    ["a small input", served([{ name: "x", datatype: "FP32", shape: [-1, 4] }], [[1, 4]])],
    ["a picture", served([{ name: "x", datatype: "FP32", shape: [-1, 3, 48, 192] }], [[1, 3, 48, 192]])],
    // Its innermost rows are short enough for an argument of a program, its planes are not.
    ["a picture of usual size", served([{ name: "x", datatype: "FP32", shape: [1, 3, 224, 224] }], [[1, 3, 224, 224]])],
    ["a large picture", served([{ name: "x", datatype: "UINT8", shape: [1, 1024, 1024, 3] }], [[1, 1024, 1024, 3]])],
    ["one long row", served([{ name: "x", datatype: "FP32", shape: [1, 500000] }], [[1, 500_000]])],
    [
      "values other than numbers",
      served(
        [
          { name: "x", datatype: "BYTES", shape: [200, 300] },
          { name: "y", datatype: "BOOL", shape: [200, 300] },
        ],
        [
          [200, 300],
          [200, 300],
        ],
      ),
    ],
    [
      "several inputs, one of them large, one a scalar, with names that a shell would stumble over",
      served(
        [
          { name: 'it\'s "x" $HOME\n', datatype: "INT64", shape: [-1, 500] },
          { name: "b", datatype: "BOOL", shape: [2] },
          { name: "s", datatype: "BYTES", shape: [1] },
          { name: "n", datatype: "INT64", shape: [] },
        ],
        [[2, 500], [2], [1], []],
      ),
    ],
  ];
  for (const [name, model] of table) {
    test(name, () => {
      const [v2, v1, plain] = curlLines(model, "http://h").map(({ command }) => runInShell(command));
      assert.ok(v2 && v1 && plain);
      assert.deepEqual(
        [v2.url, v1.url, plain.url],
        ["http://h/v2/models/m/infer", "http://h/v1/models/m:predict", "http://h/predict"],
      );
      for (const request of [
        decodeV2(v2.body, model.signature, undefined),
        decodeV1(v1.body, model.signature),
        decodePredict(plain.body, model.signature),
      ]) {
        assert.ok(!isProblem(request), isProblem(request) ? request.message : "");
        for (const { name: input, data } of request.inputs) {
          assert.equal(data.length, elementCount(model.sampleShapes.get(input) ?? []));
        }
      }
    });
  }
});
