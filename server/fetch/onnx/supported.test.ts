import assert from "node:assert/strict";
import { test } from "node:test";
import type * as onnxruntime from "onnxruntime-node";
import { identityModel } from "../../../test/fixtures/models/arithmetic.ts";
import { supported } from "./supported.ts";

const runtime = await loadOnnxRuntime();

test("the highest IR version is what ONNX Runtime loads", async () => {
  assert.ok(await loads(withIrVersion(supported.irVersion)));
  assert.ok(!(await loads(withIrVersion(supported.irVersion + 1))));
});

for (const [domain, highest] of Object.entries(supported.opsets)) {
  test(`the highest opset of ${domain} is what ONNX Runtime loads`, async () => {
    assert.ok(await loads(withOpset(domain, highest)), `${highest} does not load`);
    // Internal domains of ONNX Runtime have no upper bound.
    if (domain !== "com.microsoft.nchwc")
      assert.ok(!(await loads(withOpset(domain, highest + 1))), `${highest + 1} loads`);
  });
}

function withIrVersion(irVersion: number): Uint8Array {
  return identityModel({ irVersion });
}

/** A further `opset_import`; for the default domain in place of the one that is there. */
function withOpset(domain: string, version: number): Uint8Array {
  if (domain === "ai.onnx") return identityModel({ opset: version });
  const name = Buffer.from(domain);
  const entry = Buffer.concat([Uint8Array.of(0x0a, name.length), name, Uint8Array.of(0x10, version)]);
  return Buffer.concat([identityModel(), Uint8Array.of(0x42, entry.length), entry]);
}

async function loads(model: Uint8Array): Promise<boolean> {
  try {
    // Fatal only: the refusals are what is looked for.
    await runtime.InferenceSession.create(model, { logSeverityLevel: 4 });
    return true;
  } catch {
    return false;
  }
}

async function loadOnnxRuntime(): Promise<typeof onnxruntime> {
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  return import("onnxruntime-node");
}
