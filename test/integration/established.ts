import assert from "node:assert/strict";
import type { ControlPlane } from "../cluster/control-plane.ts";
import { waitFor } from "../cluster/wait.ts";

const condition = 'jsonpath={.status.conditions[?(@.type=="Established")].status}';

/**
 * Returns once the API server serves ModelDeployments. `kubectl wait` does not do here: of a definition that has no
 * condition at all yet, as on a busy machine, it says that there is no list of them, and fails.
 */
export async function established(plane: ControlPlane): Promise<void> {
  await waitFor(
    "the CRD to be established",
    async () => {
      const { stdout } = await plane.kubectl(["get", "crd", "modeldeployments.slipway.dev", "-o", condition]);
      assert.equal(stdout, "True");
    },
    { timeoutMilliseconds: 120_000 },
  );
}
