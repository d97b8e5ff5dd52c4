/**
 * What the server speaks: `{"input_data"}`, V1 (`instances`, `inputs`), the Open Inference Protocol as JSON, the same
 * with tensors in binary form, and gRPC.
 */
export const protocols = ["predict", "v1", "v2", "binary", "grpc"] as const;

export type Protocol = (typeof protocols)[number];

export type HttpProtocol = Exclude<Protocol, "grpc">;

/** What a file of JSON can be written for. */
export type JsonProtocol = Exclude<HttpProtocol, "binary">;
