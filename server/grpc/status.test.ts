import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { problems } from "../errors.ts";
import { tensorProblems } from "../tensor-problems.ts";
import { grpcProblems } from "./grpc-problems.ts";
import { problemTrailers, statusCodes, statusMessage, statusOf } from "./status.ts";

test("a problem's status code says whether and when the same call makes sense again", () => {
  for (const [problem, code] of [
    [tensorProblems.missingInput("x", ["x"]), statusCodes.invalidArgument],
    [problems.unknownModel("a", "b"), statusCodes.notFound],
    [problems.unknownVersion("a", "b"), statusCodes.notFound],
    [problems.bodyTooLarge(1), statusCodes.resourceExhausted],
    [problems.outOfMemory(), statusCodes.resourceExhausted],
    [problems.bodiesTooMany(), statusCodes.unavailable],
    [problems.notReady("loading"), statusCodes.unavailable],
    [problems.queueFull(1), statusCodes.unavailable],
    [problems.runTimedOut(1), statusCodes.deadlineExceeded],
    [grpcProblems.deadlineExceeded(), statusCodes.deadlineExceeded],
    [grpcProblems.messageTimedOut(1), statusCodes.deadlineExceeded],
    [problems.internal(), statusCodes.internal],
    [problems.engineFault(), statusCodes.internal],
    [grpcProblems.unknownMethod("/a/b"), statusCodes.unimplemented],
    [grpcProblems.unknownService("a"), statusCodes.notFound],
    [grpcProblems.methodUnsupported("a", "b"), statusCodes.unimplemented],
    [grpcProblems.unsupportedMessageEncoding("br"), statusCodes.unimplemented],
  ] as const) {
    assert.equal(statusOf(problem), code, problem.code);
  }
});

test("trailers carry the problem's name, and how long to wait", () => {
  assert.deepEqual(problemTrailers(problems.bodiesTooMany()), {
    "grpc-status": "14",
    "grpc-message": problems.bodiesTooMany().message,
    "problem-code": "Overloaded",
    "grpc-retry-pushback-ms": "1000",
  });
  assert.equal(problemTrailers(tensorProblems.notByRow("y", [4], 2))["grpc-retry-pushback-ms"], undefined);
});

test("a status message is printable ASCII without percent signs of its own, and reads back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      const encoded = statusMessage(text);
      assert.match(encoded, /^[ -~]*$/);
      assert.equal(decodeURIComponent(encoded), text.toWellFormed());
    }),
    { examples: [["100 %"], ["é\r\n\u{1f600}"], ["~\u007f"]] },
  );
});

test("a status message is bounded, and cut between characters", () => {
  assert.equal(statusMessage("a".repeat(5000)).length, 1024);
  const cut = statusMessage("é".repeat(5000));
  assert.ok(cut.length <= 1024);
  assert.match(decodeURIComponent(cut), /^é{170}$/);
});
