import { isProblem, type Problem } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import { inferenceServiceName } from "../inference/inference-methods.ts";
import type { InferenceService } from "../inference-service.ts";
import type { Method } from "../method.ts";
import { beginFrame } from "../wire/message-frame.ts";
import { type Bytes, createReader, nextField, readString, skipField, wireTypes } from "../wire/reader.ts";
import { writeIntegerField, written } from "../wire/writer.ts";

/** HealthCheckResponse.ServingStatus. */
const servingStatuses = { serving: 1, notServing: 2, serviceUnknown: 3 } as const;

/**
 * Health as gRPC clients and the kubelet ask for it (grpc/grpc, doc/health-checking.md). The server as a whole, which is
 * the empty name, and its one service are in the same state.
 */
export function healthMethods(service: InferenceService, limitBytes: number): [string, Method][] {
  const isKnown = (name: string): boolean => name === "" || name === inferenceServiceName;
  const status = (): number => (service.phase() === "serving" ? servingStatuses.serving : servingStatuses.notServing);

  return [
    [
      "/grpc.health.v1.Health/Check",
      {
        kind: "unary",
        limitBytes,
        answer(message) {
          const name = readServiceName(message);
          if (isProblem(name)) return name;
          return isKnown(name) ? encodeStatus(status()) : grpcProblems.unknownService(name);
        },
      },
    ],
    [
      "/grpc.health.v1.Health/Watch",
      {
        kind: "watch",
        limitBytes,
        watch(message) {
          const name = readServiceName(message);
          if (isProblem(name)) return name;
          return { state: isKnown(name) ? status : () => servingStatuses.serviceUnknown, answer: encodeStatus };
        },
      },
    ],
  ];
}

/** Of a HealthCheckRequest. */
function readServiceName(message: Bytes): string | Problem {
  const reader = createReader(message);
  let name = "";
  while (nextField(reader)) {
    if (reader.field === 1 && reader.wireType === wireTypes.lengthDelimited) name = readString(reader);
    else skipField(reader);
  }
  return reader.fault === undefined ? name : grpcProblems.badMessage("grpc.health.v1.HealthCheckRequest", reader.fault);
}

function encodeStatus(status: number): readonly Uint8Array[] {
  const writer = beginFrame();
  writeIntegerField(writer, 1, status);
  return [written(writer)];
}
