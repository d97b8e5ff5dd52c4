import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSpans } from "./encode-spans.ts";
import { type DecodedSpan, decodeSpans } from "../../test/fixtures/otlp.ts";
import type { Span } from "./span.ts";

const child: Span = {
  name: "POST /predict",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "00f067aa0ba902b7",
  parentId: "b7ad6b7169203331",
  traceState: "a=1,b=ü",
  start: 1_796_087_390_082.25,
  end: 1_796_087_390_085.75,
  attributes: [
    ["text", "grüße"],
    ["empty", ""],
    ["whole", 503],
    ["negative", -1],
    ["part", 0.5],
    ["long", "x".repeat(40_000)],
  ],
  events: [{ name: "run", at: 1_796_087_390_083 }],
  isError: true,
};
const root: Span = { ...child, parentId: undefined, traceState: "", attributes: [], events: [], isError: false };

test("spans come back as they are, with the process and the scope that they are of", () => {
  const { resource, scope, spans } = decodeSpans(
    encodeSpans({ "service.name": "m" }, { name: "slipway", version: "1" }, [child, root]),
  );
  assert.deepEqual([resource, scope], [{ "service.name": "m" }, ["slipway", "1"]]);
  const expected: DecodedSpan = {
    traceId: child.traceId,
    spanId: child.spanId,
    parentId: child.parentId,
    traceState: child.traceState,
    name: child.name,
    kind: 2,
    start: 1_796_087_390_082_250_000n,
    end: 1_796_087_390_085_750_000n,
    attributes: Object.fromEntries(child.attributes),
    events: [["run", 1_796_087_390_083_000_000n]],
    status: 2,
    flags: 0x301,
  };
  assert.deepEqual(spans[0], expected);
  assert.deepEqual(spans[1], {
    ...expected,
    parentId: undefined,
    traceState: "",
    attributes: {},
    events: [],
    status: 0,
    flags: 1,
  });
});
