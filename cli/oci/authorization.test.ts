import assert from "node:assert/strict";
import { test } from "node:test";
import { noProxies } from "../../server/fetch/http/proxy.ts";
import { defaultLimits } from "../../server/fetch/limits.ts";
import { serve } from "../../server/fetch/test-server.ts";
import { createAuthorization } from "./authorization.ts";

test("a token that has expired is renewed, whatever the registry answers it with", async () => {
  let tokens = 0;
  const registry = await serve((_request, response) => {
    tokens += 1;
    response.end(JSON.stringify({ token: `t${tokens}` }));
  });
  const authorization = createAuthorization({
    registry,
    repository: "team/direction",
    credentials: { kind: "basic", username: "ada", password: "x" },
    whenRefused: "Log in.",
    plainHttp: true,
    proxies: noProxies,
    certificateAuthority: undefined,
    limits: defaultLimits,
    now: () => 0,
    signal: new AbortController().signal,
  });
  for (const [challenge, header] of [
    [`Bearer realm="http://${registry}/token"`, "Bearer t1"],
    ['Basic realm="harbor"', "Bearer t2"],
    ["", "Bearer t3"],
  ] as const) {
    assert.ok(await authorization.answer(challenge));
    assert.equal(authorization.header(), header);
  }
});
