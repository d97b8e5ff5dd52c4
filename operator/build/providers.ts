import type { Spec } from "../api/model.ts";
import type { Provider } from "../../server/contract.ts";
import { nvidiaDomain } from "./placement.ts";

/**
 * What is to run the model. A pod that has reserved a GPU uses it or fails: one that runs on the CPU in silence would hold a
 * device that nobody else gets. Undefined: the server decides, for the CPU.
 */
export function providersOf(
  session: NonNullable<Spec["server"]>["session"],
  gpu: Spec["gpu"],
): readonly Provider[] | undefined {
  if (session?.providers !== undefined) return session.providers;
  // Of other makers' devices ONNX Runtime's package for Node.js has no provider.
  return gpu?.resourceName.startsWith(nvidiaDomain) ? ["cuda"] : undefined;
}

/** Whether the server's image has to be the one with the GPU's libraries. */
export function needsGpuImage(providers: readonly Provider[] | undefined): boolean {
  return providers?.some((provider) => provider !== "cpu") ?? false;
}
