import type { Problem } from "../errors.ts";
import { grpcProblems } from "./grpc-problems.ts";

const milliseconds: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The value of grpc-timeout in milliseconds (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Timeout"). */
export function readTimeout(value: string): number | Problem {
  const parts = /^([0-9]{1,8})([HMSmun])$/.exec(value);
  const unit = milliseconds[parts?.[2] ?? ""];
  return unit === undefined ? grpcProblems.badTimeout(value) : Number(parts?.[1]) * unit;
}
