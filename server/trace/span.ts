import type { TraceContext } from "./trace-context.ts";

/** A moment of a request. */
export interface Mark {
  readonly name: "received" | "decode" | "run" | "encode";
  /** By the server's clock, milliseconds. */
  readonly at: number;
}

/** A request that is over, for whoever traces. */
export interface TracedRequest {
  readonly name: string;
  /** By the server's clock, milliseconds. */
  readonly started: number;
  readonly ended: number;
  readonly parent: TraceContext | undefined;
  readonly attributes: readonly Attribute[];
  readonly marks: readonly Mark[];
  /** The fault was the server's. */
  readonly isError: boolean;
}

export type Attribute = readonly [name: string, value: string | number];

/** What is exported: a span of the kind "server". */
export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly traceState: string;
  /** Milliseconds since 1970 UTC, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly name: string; readonly at: number }[];
  readonly isError: boolean;
}
