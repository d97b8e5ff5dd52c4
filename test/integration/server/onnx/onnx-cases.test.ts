/** The server gives what ONNX Runtime gives, to the last bit, in every form of every protocol. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { withBlock } from "../../../../scripts/values-reference.ts";
import { type CaseTensor, numberTypes } from "./case-tensor.ts";
import { differenceOf } from "./difference.ts";
import { type Form, forms, type Message } from "./forms.ts";
import { listCases } from "./onnx-cases.ts";
import { type Surveyed, surveyCases } from "./survey-cases.ts";
import { surveyTables } from "./survey-tables.ts";
import { frame, inferPath, openSession, send } from "../grpc/client.ts";
import { type RunningServer, startServer } from "../harness.ts";

process.env["ORT_DISABLE_TELEMETRY"] = "1";

let surveyed: readonly Surveyed[] = [];
before(async () => {
  surveyed = await surveyCases(await listCases());
});

describe("the ONNX project's cases, by the server's codecs and session", () => {
  test("are all there, and most pass by ONNX Runtime alone", () => {
    assert.equal(surveyed.length, 1072);
    assert.ok(passed().length > 950);
  });

  for (const { name } of forms) {
    test(`give the same bits in ${name}`, () => {
      const answers = surveyed.flatMap(({ onnxCase, answers: all }) => {
        const answer = all.get(name);
        return answer === undefined ? [] : [{ case: onnxCase.name, answer }];
      });
      assert.ok(answers.length > 940, `${answers.length} cases have a form`);
      assert.deepEqual(
        answers.filter(({ answer }) => answer !== "same"),
        [],
      );
    });
  }

  test("are told in docs/reference/onnx.md as they are", async () => {
    const page = await readFile("docs/reference/onnx.md", "utf8");
    assert.equal(
      page,
      withBlock(page, "cases", surveyTables(surveyed)),
      "run npx node test/integration/server/onnx/main.ts",
    );
  });
});

/** Beside one of each datatype: sums whose last bits depend on where in memory their numbers lie. */
const sensitive = ["node/test_einsum_sum", "node/test_layer_normalization_4d_axis3_expanded"];

test("a sample with every datatype gives the same bits through a whole server", async () => {
  const missing = new Set<string>([...Object.keys(numberTypes), "BYTES"]);
  const sample = passed().filter(({ onnxCase, tensors }) => {
    const brings = tensors.filter(({ datatype }) => missing.delete(datatype));
    return brings.length > 0 || sensitive.includes(onnxCase.name);
  });
  assert.deepEqual([...missing], [], "datatypes of no case");
  for (const { onnxCase, inputs, outputs } of sample) {
    const server = await startServer({ files: { "model.onnx": await readFile(onnxCase.modelPath) } });
    try {
      for (const form of forms) {
        if (![...inputs, ...outputs].every(({ datatype }) => form.carries(datatype))) continue;
        const answer = await ask(server, form, form.write(inputs));
        const difference = differenceOf(outputs, form.read(answer), form.name === "JSON");
        assert.equal(difference, undefined, `${onnxCase.name} in ${form.name}`);
      }
    } finally {
      await server.stop();
    }
  }
});

interface Passed {
  readonly onnxCase: Surveyed["onnxCase"];
  readonly inputs: readonly CaseTensor[];
  readonly outputs: readonly CaseTensor[];
  readonly tensors: readonly CaseTensor[];
}

function passed(): Passed[] {
  return surveyed.flatMap(({ onnxCase, alone }) => {
    if (alone.kind === "failed") return [];
    const { inputs, outputs } = alone;
    return [{ onnxCase, inputs, outputs, tensors: [...inputs, ...outputs] }];
  });
}

async function ask(server: RunningServer, form: Form, message: Message): Promise<Message> {
  if (form.name.startsWith("gRPC")) {
    const session = openSession(server.grpcPort);
    const { status, message: why, messages } = await send(session, inferPath, frame(message.bytes));
    session.close();
    assert.equal(status, 0, why);
    return { bytes: messages[0] ?? new Uint8Array() };
  }
  const headers: Record<string, string> =
    message.headerLength === undefined ? {} : { "inference-header-content-length": String(message.headerLength) };
  const body = Buffer.from(message.bytes);
  const response = await fetch(`${server.url}/v2/models/m/infer`, { method: "POST", headers, body });
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.status, 200, new TextDecoder().decode(bytes));
  const length = response.headers.get("inference-header-content-length");
  return length === null ? { bytes } : { bytes, headerLength: Number(length) };
}
