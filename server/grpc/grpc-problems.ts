import { badRequest, type Problem, problem } from "../errors.ts";
import { show, showShape } from "../show.ts";

/**
 * What can go wrong with a call and has no counterpart over HTTP/1.1. `status` is what HTTP would say; `status.ts` makes
 * gRPC's status code of it.
 */
export const grpcProblems = {
  unknownMethod: (method: string): Problem =>
    problem({
      code: "UnknownMethod",
      status: 404,
      message: `there is no method ${show(method)}; services: inference.GRPCInferenceService, grpc.health.v1.Health, grpc.reflection.v1.ServerReflection`,
    }),
  unknownService: (service: string): Problem =>
    problem({
      code: "UnknownService",
      status: 404,
      message: `there is no service ${show(service)}; ask for "inference.GRPCInferenceService", or for "" for the server`,
    }),
  methodUnsupported: (method: string, instead: string): Problem =>
    problem({ code: "MethodUnsupported", status: 501, message: `${method} is not possible here: ${instead}` }),
  notGrpc: (contentType: string | undefined): Problem =>
    problem({
      code: "NotGrpc",
      status: 415,
      message: `content-type is ${show(contentType)}; over HTTP/2 this server speaks gRPC, application/grpc or application/grpc+proto; its REST paths are there over HTTP/1.1`,
    }),
  badTimeout: (value: string): Problem =>
    badRequest("BadTimeout", `grpc-timeout is ${show(value)}; it must be 1 to 8 digits and one of H, M, S, m, u, n`),
  deadlineExceeded: (): Problem =>
    problem({
      code: "DeadlineExceeded",
      status: 504,
      message: "the time that grpc-timeout allows was over before there was an answer",
    }),
  messageTimedOut: (seconds: number): Problem =>
    problem({
      code: "BodyTimedOut",
      status: 408,
      message: `the message was not complete after ${Math.round(seconds)} s; send it in one go`,
    }),
  badMessage: (message: string, fault: string): Problem =>
    badRequest("BadMessage", `the message is no ${message}: ${fault}`),
  badFrame: (detail: string): Problem => badRequest("BadFrame", `the call's data is not as gRPC has it: ${detail}`),
  unsupportedMessageEncoding: (encoding: string): Problem =>
    problem({
      code: "UnsupportedEncoding",
      status: 415,
      message: `grpc-encoding ${show(encoding)} is not known; allowed: identity, gzip, deflate`,
    }),
  badMessageCompression: (encoding: string): Problem =>
    badRequest("BadCompression", `the message is not what its grpc-encoding ${show(encoding)} says, or it is cut off`),
  unsupportedParameter: (parameter: string, where: string, instead: string): Problem =>
    badRequest("UnsupportedParameter", `parameter ${show(parameter)} of ${where} is not supported; ${instead}`),
  rawCount: (count: number, inputs: number): Problem =>
    badRequest(
      "RawCount",
      `raw_input_contents has ${count} entries for ${inputs} inputs; send one for each input in the same order, or none`,
    ),
  wrongByteCount: (input: string, bytes: number, datatype: string, shape: readonly number[], needed: number): Problem =>
    badRequest(
      "WrongByteCount",
      `input ${show(input)} has ${bytes} raw bytes; ${datatype} of shape ${showShape(shape)} needs ${needed}`,
    ),
  badRawStrings: (input: string, element: number, bytes: number): Problem =>
    badRequest(
      "BadRawStrings",
      `input ${show(input)} ends within element ${element}: raw BYTES has a length of 4 bytes, little-endian, before each element, and ${bytes} bytes are left`,
    ),
  wrongContents: (input: string, field: string, datatype: string, allowed: string): Problem =>
    badRequest(
      "WrongContents",
      `input ${show(input)} of datatype ${datatype} has values in ${field}; allowed: ${allowed}`,
    ),
} as const;
