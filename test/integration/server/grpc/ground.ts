import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after } from "node:test";
import { createGrpcServer, type GrpcServer } from "../../../../server/grpc/grpc-server.ts";
import type { CallReport } from "../../../../server/grpc/http2/call.ts";
import type { InferenceService } from "../../../../server/grpc/inference-service.ts";
import type { GrpcLimits } from "../../../../server/grpc/limits.ts";
import type { Phase, ServedModel } from "../../../../server/state.ts";
import type { Datatype, TensorSpec } from "../../../../server/tensor.ts";

/** A gRPC server on loopback, with a service that gives its inputs back: no model is needed. */
export interface Ground {
  readonly port: number;
  readonly server: GrpcServer;
  /** Of all calls that are over. */
  readonly reports: CallReport[];
  readonly faults: unknown[];
  /** What the service is like: to be changed in the middle of a test. */
  readonly state: State;
  /** Bytes that are reserved now. */
  readonly reserved: () => number;
  /** Waits until `count` calls are over. */
  readonly callsOver: (count: number) => Promise<void>;
  /** Waits until no connection is open. */
  readonly allClosed: () => Promise<void>;
}

interface State {
  phase: Phase;
  model: ServedModel | undefined;
  infer: InferenceService["infer"];
  isLast: boolean;
  /** What can be reserved in all. */
  memory: number;
  now: () => number;
}

export interface GroundOptions {
  readonly datatypes?: readonly Datatype[];
  readonly messageLimitBytes?: number;
  readonly limits?: Partial<GrpcLimits>;
  /** Reads the first bytes of each connection before it is handed over, as the supervisor does. */
  readonly isReadFirst?: boolean;
  /** In the same turn in which a connection was handed over with its first bytes. */
  readonly afterServe?: (server: GrpcServer) => void;
}

const patience = 10_000;

export async function startGround(options: GroundOptions = {}): Promise<Ground> {
  const inputs = (options.datatypes ?? ["FP32"]).map(
    (datatype): TensorSpec => ({ name: `in_${datatype}`, datatype, shape: [-1] }),
  );
  const outputs = inputs.map((input) => ({ ...input, name: input.name.replace("in_", "out_") }));
  const model: ServedModel = {
    name: "m",
    version: "v7",
    signature: { inputs, outputs },
    outputNames: outputs.map(({ name }) => name),
    sampleShapes: new Map(),
    provider: "cpu",
    refusedProviders: [],
    batchRows: 1,
  };
  const state: State = {
    phase: "serving",
    model,
    infer: async (request) => {
      const all = request.inputs.map((input) => ({
        ...input,
        name: input.name.replace("in_", "out_"),
        data: input.data.slice(),
      }));
      return request.outputs === undefined
        ? all
        : request.outputs.flatMap((name) => all.filter((output) => output.name === name));
    },
    isLast: false,
    memory: Number.POSITIVE_INFINITY,
    now: () => performance.now(),
  };
  const reports: CallReport[] = [];
  const faults: unknown[] = [];
  const waiting = new Set<() => void>();
  let reserved = 0;
  let ids = 0;

  const server = createGrpcServer({
    service: serviceOf(state),
    isLast: () => state.isLast,
    messageLimitBytes: options.messageLimitBytes ?? 8 * 1024 * 1024,
    openTicket() {
      let mine = 0;
      let isOver = false;
      return {
        take(bytes) {
          if (isOver || reserved + bytes > state.memory) return false;
          reserved += bytes;
          mine += bytes;
          return true;
        },
        give() {
          reserved -= mine;
          mine = 0;
          isOver = true;
        },
      };
    },
    now: () => state.now(),
    newRequestId: () => `made-${++ids}`,
    onCall(report) {
      reports.push(report);
      for (const check of waiting) check();
    },
    onFault: (_id, error) => faults.push(error),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });

  const listener = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on("close", () => {
      for (const check of waiting) setImmediate(check);
    });
    if (options.isReadFirst !== true) return server.serve(socket);
    socket.on("error", () => undefined);
    socket.once("data", (first: Buffer) => {
      socket.pause();
      server.serve(socket, first);
      options.afterServe?.(server);
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  after(() => {
    server.destroyAll();
    listener.close();
  });

  const until = (isSo: () => boolean, what: () => string): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`waited in vain: ${what()}`));
      }, patience);
      const check = (): void => {
        if (!isSo()) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });

  return {
    port: (listener.address() as AddressInfo).port,
    server,
    reports,
    faults,
    state,
    reserved: () => reserved,
    callsOver: (count) =>
      until(
        () => reports.length >= count,
        () => `${reports.length} of ${count} calls are over`,
      ),
    allClosed: () =>
      until(
        () => server.connections() === 0,
        () => `${server.connections()} connections are open`,
      ),
  };
}

function serviceOf(state: State): InferenceService {
  const duration = (count: number): { count: number; ns: number } => ({ count, ns: count * 1000 });
  const tensor = { data_type: "TYPE_FP32", dims: [-1, 4] } as const;
  return {
    server: { name: "slipway", version: "1.2.3", extensions: ["statistics"] },
    modelName: "m",
    modelVersion: "v7",
    phase: () => state.phase,
    model: () => state.model,
    infer: (request, context) => state.infer(request, context),
    statistics: async () => ({
      lastInference: 1_700_000_000_000,
      inferenceCount: 30,
      executionCount: 20,
      success: duration(1),
      fail: duration(2),
      queue: duration(3),
      computeInput: duration(4),
      computeInfer: duration(5),
      computeOutput: duration(6),
      batches: [
        { batchSize: 8, computeInput: duration(7), computeInfer: duration(8), computeOutput: duration(2 ** 45) },
      ],
    }),
    config: () => ({
      name: "m",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      max_batch_size: 0,
      input: [{ name: "in", ...tensor }],
      output: [{ name: "out", ...tensor }],
      instance_group: [{ kind: "KIND_GPU" }],
      dynamic_batching: { preferred_batch_size: [8] },
      parameters: { provider: { string_value: "cuda" } },
    }),
  };
}
