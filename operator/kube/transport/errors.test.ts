import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApiError,
  LostLeaseError,
  TransportError,
  classify,
  isAlreadyExists,
  isConflict,
  isGone,
  isNotFound,
} from "./errors.ts";

const api = (status: number, reason = "Unknown", more: object = {}): ApiError =>
  new ApiError({ status, reason, message: "m", ...more });

const rows: readonly (readonly [name: string, error: unknown, expected: ReturnType<typeof classify>])[] = [
  ["a connection reset", new TransportError("ECONNRESET", "m"), { kind: "retry" }],
  ["an error of our own code", new TypeError("x is undefined"), { kind: "retry" }],
  ["not an error at all", "text", { kind: "retry" }],
  ["a lost lease", new LostLeaseError(), { kind: "wait", afterMs: 2_000 }],
  ["429 with Retry-After", api(429, "TooManyRequests", { retryAfterSeconds: 7 }), { kind: "wait", afterMs: 7_000 }],
  ["429 without", api(429), { kind: "wait", afterMs: 1_000 }],
  ["503 with Retry-After", api(503, "ServiceUnavailable", { retryAfterSeconds: 2 }), { kind: "wait", afterMs: 2_000 }],
  ["a role is missing", api(403, "Forbidden"), { kind: "stall", afterMs: 300_000 }],
  [
    "the namespace goes away",
    api(403, "Forbidden", { causes: [{ reason: "NamespaceTerminating" }] }),
    { kind: "wait", afterMs: 10_000 },
  ],
  ["an invalid object", api(422, "Invalid"), { kind: "stall", afterMs: 300_000 }],
  ["a bad request", api(400, "BadRequest"), { kind: "stall", afterMs: 300_000 }],
  ["too large", api(413), { kind: "stall", afterMs: 300_000 }],
  ["a conflict", api(409, "Conflict"), { kind: "retry" }],
  ["an expired token", api(401, "Unauthorized"), { kind: "retry" }],
  ["a broken server", api(500, "InternalError"), { kind: "retry" }],
  [
    "a broken server that names a time",
    api(500, "InternalError", { retryAfterSeconds: 3 }),
    { kind: "wait", afterMs: 3_000 },
  ],
];
for (const [name, error, expected] of rows) {
  test(`reaction to ${name}: ${expected.kind}`, () => assert.deepEqual(classify(error), expected));
}

test("the two kinds of 409 are told apart", () => {
  assert.ok(isConflict(api(409, "Conflict")) && !isConflict(api(409, "AlreadyExists")));
  assert.ok(isAlreadyExists(api(409, "AlreadyExists")) && !isAlreadyExists(api(409, "Conflict")));
});

test("gone is 410 or the reason Expired; not found is 404", () => {
  assert.ok(isGone(api(410, "Gone")) && isGone(api(410, "Expired")) && !isGone(api(404, "NotFound")));
  assert.ok(isNotFound(api(404, "NotFound")) && !isNotFound(new Error("404")));
});
