import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "undici";
import { serve } from "../test-server.ts";
import { fieldText } from "./field-text.ts";

for (const [what, sent, meant] of [
  ["UTF-8", Buffer.from("/modèle/模型.onnx", "utf8"), "/modèle/模型.onnx"],
  ["Latin-1", Buffer.from("/modèle.onnx", "latin1"), "/modèle.onnx"],
  ["ASCII", Buffer.from("/mod%C3%A8le.onnx"), "/mod%C3%A8le.onnx"],
] as const) {
  test(`a field in ${what} is read as it was meant`, async () => {
    const host = await serve((_request, response) => {
      response.writeHead(200, { location: sent.toString("latin1") }).end();
    });
    const { headers, body } = await request(`http://${host}/`);
    await body.dump();
    assert.equal(fieldText(String(headers["location"])), meant);
  });
}
