import assert from "node:assert/strict";
import { test } from "node:test";
import type { Provider } from "../../contract.ts";
import { firstThatWorks } from "./first-provider.ts";

function only(working: readonly Provider[], tried: Provider[] = []): Parameters<typeof firstThatWorks<object>>[1] {
  return (provider) => {
    tried.push(provider);
    return working.includes(provider)
      ? { ok: true }
      : { ok: false, reason: provider === "cpu" ? "NotAModel" : "ProviderUnavailable", message: `No ${provider}.` };
  };
}

test("the first that works is taken, and none after it is tried", () => {
  const tried: Provider[] = [];
  const opened = firstThatWorks(["tensorrt", "cuda", "cpu"], only(["cuda", "cpu"], tried));
  assert.deepEqual(opened, {
    ok: true,
    provider: "cuda",
    refusedProviders: [{ provider: "tensorrt", message: "No tensorrt." }],
  });
  assert.deepEqual(tried, ["tensorrt", "cuda"]);
});

test("when none works, the last one's reason stands, and the others are told", () => {
  assert.deepEqual(firstThatWorks(["cuda"], only([])), {
    ok: false,
    reason: "ProviderUnavailable",
    message: "No cuda.",
  });
  assert.deepEqual(firstThatWorks(["cuda", "cpu"], only([])), {
    ok: false,
    reason: "NotAModel",
    message: "No cpu. Before that, cuda was tried: No cuda.",
  });
});

test("what all of them say is said once", () => {
  const opened = firstThatWorks(["cuda", "cpu"], () => ({ ok: false, reason: "NotAModel", message: "No model." }));
  assert.deepEqual(opened, { ok: false, reason: "NotAModel", message: "No model." });
});
