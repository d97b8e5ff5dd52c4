import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem } from "../../errors.ts";
import { createRouter, type Handlers } from "./routes.ts";

const handlers = new Proxy({}, { get: (_target, name) => () => name }) as Handlers;
const route = createRouter("m", "v1", handlers);

describe("a path finds its route", () => {
  const table: readonly (readonly [string, string])[] = [
    ["/v2", "/v2"],
    ["/v2/models/m", "/v2/models/{model}"],
    ["/v2/models/m/versions/v1", "/v2/models/{model}"],
    ["/v2/models/m/versions/v1/infer", "/v2/models/{model}/infer"],
    ["/v1/models/m:predict", "/v1/models/{model}:predict"],
    ["/v2/models/%6d/infer", "/v2/models/{model}/infer"],
    ["/v1/models/m%3Apredict", "/v1/models/{model}:predict"],
    ["/v1/models/m/versions/1:explain", "/v1/models/{model}:explain"],
    ["/", "/"],
    ["/page/recent", "/page/recent"],
    ["/page/dom/main.js", "/page/{file}"],
    ["/openapi.json", "/openapi.json"],
  ];
  for (const [path, template] of table) {
    test(path, () => {
      const found = route(path);
      assert.ok(!isProblem(found));
      assert.equal(found.template, template);
    });
  }
});

describe("a path that is not there says what is", () => {
  const table: readonly (readonly [string, string, RegExp])[] = [
    ["/v2/models/other", "UnknownModel", /"other" is not served here; this server serves "m"/],
    ["/v2/models/other/versions/v1/infer", "UnknownModel", /"other"/],
    ["/v2/models/m/versions/v2", "UnknownVersion", /"v2" is not served here; this server serves version "v1"/],
    ["/v2/models/m/versions//infer", "UnknownVersion", /version ""/],
    ["/v1/models/other", "UnknownModel", /"other"/],
    ["/v1/models/other:predict", "UnknownModel", /"other"/],
    ["/v1/models/other:explain", "UnknownModel", /"other" is not/],
    ["/v1/models/m/versions/v2:explain", "UnknownVersion", /"v2" is not/],
    ["/v2/models/m/nothing", "UnknownPath", /nothing at "\/v2\/models\/m\/nothing"/],
    ["/v2/", "UnknownPath", /nothing at/],
    ["", "UnknownPath", /nothing at ""/],
    ["*", "UnknownPath", /nothing at "\*"/],
    ["/%", "BadPath", /percent-encoded/],
    [`/${"a".repeat(10_000)}`, "UnknownPath", /…/],
  ];
  for (const [path, code, message] of table) {
    test(path.slice(0, 60), () => {
      const problem = route(path);
      assert.ok(isProblem(problem));
      assert.equal(problem.code, code);
      assert.match(problem.message, message);
      assert.ok(problem.message.length < 300);
    });
  }
});
