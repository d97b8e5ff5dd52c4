import { releaseInputs } from "../../protocol/release-inputs.ts";
import { isProblem, type Problem, problems } from "../../errors.ts";
import type { Phase } from "../../state.ts";
import { grpcProblems } from "../grpc-problems.ts";
import type { InferenceService } from "../inference-service.ts";
import type { Answer, CallContext, RefusedMethod, UnaryMethod } from "../method.ts";
import { beginFrame } from "../wire/message-frame.ts";
import { type Bytes, createReader, nextField, skipField } from "../wire/reader.ts";
import { type Writer, writeBoolField, written } from "../wire/writer.ts";
import { decodedBytes } from "./decoded-bytes.ts";
import { encodedBytes } from "./encoded-bytes.ts";
import { checkInferRequest } from "./infer-request.ts";
import { firstRawOffset, readInferRequest } from "./infer-request-message.ts";
import { encodeInferResponse, goesRaw } from "./infer-response.ts";
import { writeModelConfig } from "./model-config.ts";
import {
  type ModelIndex,
  type ModelRequest,
  readModelRequest,
  readRepositoryIndexRequest,
  writeModelMetadata,
  writeRepositoryIndex,
  writeServerMetadata,
} from "./model-messages.ts";
import { writeModelStatistics } from "./model-statistics.ts";

export const inferenceServiceName = "inference.GRPCInferenceService";

/** The Open Inference Protocol over gRPC, with those of Triton's further methods that have a meaning here. */
export function inferenceMethods(
  service: InferenceService,
  limitBytes: number,
): [string, UnaryMethod | RefusedMethod][] {
  const isReady = (): boolean => service.phase() === "serving";

  const method = (name: string, answer: UnaryMethod["answer"]): [string, UnaryMethod] => [
    `/${inferenceServiceName}/${name}`,
    { kind: "unary", limitBytes, answer },
  ];

  /** A method whose request says nothing. */
  const plain = (name: string, write: (writer: Writer) => void): [string, UnaryMethod] =>
    method(name, (message) => checkEmpty(message, `inference.${name}Request`) ?? answerWith(write));

  /** A method that is asked about the model by its name. */
  const ofModel = (name: string, answer: () => Answer): [string, UnaryMethod] =>
    method(name, (message) => {
      const request = readModelRequest(message, `inference.${name}Request`);
      return isProblem(request) ? request : (checkModel(request, service) ?? answer());
    });

  const refused = (name: string, instead: string): [string, RefusedMethod] => [
    `/${inferenceServiceName}/${name}`,
    { kind: "refused", problem: grpcProblems.methodUnsupported(name, instead) },
  ];

  const [inferPath, infer] = method("ModelInfer", (message, context) => inferModel(message, context, service));
  return [
    plain("ServerLive", (writer) => writeBoolField(writer, 1, true)),
    plain("ServerReady", (writer) => writeBoolField(writer, 1, isReady())),
    plain("ServerMetadata", (writer) => writeServerMetadata(writer, service.server)),
    ofModel("ModelReady", () => answerWith((writer) => writeBoolField(writer, 1, isReady()))),
    ofModel("ModelMetadata", () => {
      const model = service.model();
      if (model === undefined) return problems.notReady(service.phase());
      return answerWith((writer) => writeModelMetadata(writer, model));
    }),
    ofModel("ModelConfig", () => {
      const model = service.model();
      if (model === undefined) return problems.notReady(service.phase());
      return answerWith((writer) => writeModelConfig(writer, service.config(model)));
    }),
    // Without a name it is asked about all models.
    method("ModelStatistics", (message) => {
      const request = readModelRequest(message, "inference.ModelStatisticsRequest");
      if (isProblem(request)) return request;
      const isOfAll = request.name === "";
      return (
        checkModel(isOfAll ? { ...request, name: service.modelName } : request, service) ?? tellStatistics(service)
      );
    }),
    method("RepositoryIndex", (message) => indexRepository(message, service)),
    [inferPath, { ...infer, alignedOffset: firstRawOffset }],
    ...Object.entries(unsupported).map(([name, instead]) => refused(name, instead)),
  ];
}

const sharedMemory = "send the tensors in raw_input_contents";

/** What Triton has besides, and what to do instead. */
const unsupported: Readonly<Record<string, string>> = {
  ModelStreamInfer: "call ModelInfer once for each request; many calls share one connection",
  RepositoryModelLoad: "the model is chosen when the server starts; change the ModelDeployment",
  RepositoryModelUnload: "the model is chosen when the server starts; change the ModelDeployment",
  SystemSharedMemoryStatus: sharedMemory,
  SystemSharedMemoryRegister: sharedMemory,
  SystemSharedMemoryUnregister: sharedMemory,
  CudaSharedMemoryStatus: sharedMemory,
  CudaSharedMemoryRegister: sharedMemory,
  CudaSharedMemoryUnregister: sharedMemory,
  TraceSetting: "traces are set up by OTEL_EXPORTER_OTLP_ENDPOINT when the server starts",
  LogSettings: "the log's level is chosen when the server starts",
};

function inferModel(message: Bytes, context: CallContext, service: InferenceService): Problem | Promise<Answer> {
  const model = service.model();
  if (model === undefined) return problems.notReady(service.phase());
  const request = readInferRequest(message);
  if (isProblem(request)) return request;
  const mistake = checkModel({ name: request.modelName, version: request.modelVersion }, service);
  if (mistake !== undefined) return mistake;
  if (!context.hold(decodedBytes(request, model.signature))) return problems.bodiesTooMany();
  const checked = checkInferRequest(request, model.signature);
  if (isProblem(checked)) return checked;
  const { name: modelName, version: modelVersion } = model;
  return service.infer(checked, context).then((outputs) => {
    releaseInputs(checked.inputs, message);
    if (isProblem(outputs)) return outputs;
    const response = { modelName, modelVersion, id: request.id, outputs, isRaw: request.raw.length > 0 };
    const bytes = encodedBytes(outputs, goesRaw(response));
    return context.hold(bytes) ? encodeInferResponse(response) : problems.answerTooLarge(bytes);
  });
}

/** Clients that were written for Triton ask for version 1, whatever a version is called here. */
const tritonVersion = "1";

function checkModel({ name, version }: ModelRequest, service: InferenceService): Problem | undefined {
  if (name !== service.modelName) return problems.unknownModel(name, service.modelName);
  const isServed = version === "" || version === tritonVersion || version === service.modelVersion;
  return isServed ? undefined : problems.unknownVersion(version, service.modelVersion);
}

const states: Readonly<Record<Phase, Pick<ModelIndex, "state" | "reason">>> = {
  loading: { state: "LOADING", reason: "" },
  serving: { state: "READY", reason: "" },
  draining: { state: "UNLOADING", reason: "the server is about to end" },
  failed: { state: "UNAVAILABLE", reason: "the model cannot be served; the server's log says why" },
};

async function tellStatistics(service: InferenceService): Promise<Answer> {
  const statistics = await service.statistics();
  const { modelName, modelVersion } = service;
  return answerWith((writer) => writeModelStatistics(writer, modelName, modelVersion, statistics));
}

function indexRepository(message: Bytes, service: InferenceService): Answer {
  const request = readRepositoryIndexRequest(message);
  if (isProblem(request)) return request;
  if (request.repositoryName !== "") {
    return problems.wrongField("repository_name", request.repositoryName, "empty, as there is one repository");
  }
  const phase = service.phase();
  const isListed = phase === "serving" || !request.isReadyOnly;
  const models = isListed ? [{ name: service.modelName, version: service.modelVersion, ...states[phase] }] : [];
  return answerWith((writer) => writeRepositoryIndex(writer, models));
}

function checkEmpty(message: Bytes, messageName: string): Problem | undefined {
  const reader = createReader(message);
  while (nextField(reader)) skipField(reader);
  return reader.fault === undefined ? undefined : grpcProblems.badMessage(messageName, reader.fault);
}

function answerWith(write: (writer: Writer) => void): Answer {
  const writer = beginFrame();
  write(writer);
  return [written(writer)];
}
