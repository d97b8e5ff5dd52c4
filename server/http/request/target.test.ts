import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem } from "../../errors.ts";
import { targetOf } from "./target.ts";

describe("a target", () => {
  const good: readonly (readonly [string, string, string])[] = [
    ["/", "/", ""],
    ["/v2/models/m?x=1?y", "/v2/models/m", "x=1?y"],
    ["/a%2Fb?", "/a%2Fb", ""],
    ["//evil/v2", "//evil/v2", ""],
    ["/http://h/x", "/http://h/x", ""],
    ["http://h/v2?a=b", "/v2", "a=b"],
    ["HTTPS://h:8080/v2", "/v2", ""],
    ["http://h", "/", ""],
    ["http://h?a=/b", "/", "a=/b"],
  ];
  for (const [target, path, query] of good) {
    test(`${target} is the path ${path} and the query "${query}"`, () => {
      assert.deepEqual(targetOf("GET", target), { path, query });
    });
  }

  const refused: readonly (readonly [string, string, number])[] = [
    ["CONNECT", "h:443", 501],
    ["CONNECT", "/", 501],
    ["OPTIONS", "*", 405],
    ["GET", "*", 400],
    ["GET", "ftp://h/x", 400],
    ["GET", "http:///x", 400],
    ["GET", "v2/models", 400],
    ["GET", "", 400],
  ];
  for (const [method, target, status] of refused) {
    test(`${method} ${target} is refused with ${status}`, () => {
      const problem = targetOf(method, target);
      assert.ok(isProblem(problem));
      assert.equal(problem.status, status);
    });
  }
});
