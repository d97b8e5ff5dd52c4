/** Other systems' clients as they are published, against the server process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../../../cluster/command.ts";
import { arithmeticModel } from "../../../fixtures/models/arithmetic.ts";
import { type ElementType, onnxModel } from "../../../fixtures/onnx.ts";
import { type RunningServer, startServer } from "../harness.ts";
import { installPythonClients } from "./python-clients.ts";

/** The order in which checks.py has them. */
const datatypes: Readonly<Record<string, ElementType>> = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
  BYTES: "string",
};

/** Gives every input back. */
function echoModel(): Uint8Array {
  const values = (prefix: string) =>
    Object.entries(datatypes).map(([datatype, elementType]) => ({
      name: `${prefix}_${datatype}`,
      elementType,
      dims: ["rows", 3],
    }));
  const [inputs, outputs] = [values("in"), values("out")];
  const nodes = inputs.map(({ name }) => ({
    operator: "Identity",
    inputs: [name],
    outputs: [name.replace("in_", "out_")],
  }));
  return onnxModel({ nodes, inputs, outputs });
}

let python = "";
before(async () => {
  python = await installPythonClients();
});

/** How many checks each script has: one that ends early must not look like one that passes. */
const scripts = [
  ["tritonclient over HTTP", "triton_http.py", 26, echoModel()],
  ["tritonclient over gRPC", "triton_grpc.py", 15, echoModel()],
  ["KServe's client", "kserve_client.py", 9, echoModel()],
  ["a client made of the OpenAPI document", "openapi_client.py", 6, arithmeticModel()],
] as const;

for (const [client, script, checks, model] of scripts) {
  describe(client, () => {
    let server: RunningServer | undefined;
    before(async () => {
      server = await startServer({ files: { "model.onnx": model } });
    });
    after(() => server?.stop());

    test("passes every check", async (context) => {
      assert.ok(server !== undefined);
      const addresses = [server.port, server.grpcPort].map((port) => `127.0.0.1:${port}`);
      const { stdout } = await run(python, [join(import.meta.dirname, script), ...addresses], {
        timeoutMilliseconds: 120_000,
        // grpc says on standard error what it makes of a machine's network.
        environment: { GRPC_VERBOSITY: "NONE", PYTHONDONTWRITEBYTECODE: "1" },
      });
      const lines = stdout.trim().split("\n");
      for (const line of lines) {
        const { check, fault } = JSON.parse(line) as { check: string; fault: string | null };
        await context.test(check, () => assert.equal(fault, null, String(fault)));
      }
      assert.equal(lines.length, checks);
    });
  });
}
