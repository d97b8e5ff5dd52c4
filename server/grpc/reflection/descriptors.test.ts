import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { descriptorsFile, descriptorsModule } from "../../../scripts/proto/descriptors.ts";
import { describedFiles } from "./descriptors.gen.ts";

const root = new URL("../../../", import.meta.url);

test("the descriptors are made of the .proto files as they are now", async () => {
  const committed = await readFile(new URL(descriptorsFile, root), "utf8");
  assert.ok(committed === (await descriptorsModule(root)), `${descriptorsFile} is old: run npm run generate`);
});

test("every service is described, and the methods that its file has", () => {
  assert.deepEqual(
    describedFiles.flatMap(({ services }) => services),
    [
      "inference.GRPCInferenceService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ],
  );
  assert.ok(describedFiles[0]?.otherSymbols.includes("inference.GRPCInferenceService.ModelInfer"));
  assert.ok(describedFiles[0]?.otherSymbols.includes("inference.DataType"));
  assert.ok(describedFiles[0]?.messages.includes("inference.ModelInferRequest.InferInputTensor"));
});
