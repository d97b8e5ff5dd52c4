import { wireTypes } from "../grpc/wire/reader.ts";
import {
  beginMessage,
  createWriter,
  endMessage,
  type Writer,
  writeBytes,
  writeIntegerField,
  writeRaw,
  writeSigned,
  writeString,
  writeStringField,
  writeTag,
  written,
} from "../grpc/wire/writer.ts";
import type { Attribute, Span } from "./span.ts";

/** SpanKind SERVER. */
const serverKind = 2;
/** StatusCode ERROR. What is no error of the server's is left unset. */
const errorCode = 2;
/** Of the flags: sampled; whether the parent is remote is known; it is. */
const [sampledFlag, knowsParentFlag, remoteParentFlag] = [0x1, 0x100, 0x200];

/** Where numbers of a fixed size are made before they are written. */
const fixed = Buffer.alloc(8);

export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** An ExportTraceServiceRequest of OTLP (opentelemetry-proto, trace/v1/trace.proto), in protobuf. */
export function encodeSpans(
  resource: Readonly<Record<string, string>>,
  scope: Scope,
  spans: readonly Span[],
): Uint8Array {
  const writer = createWriter(256 + spans.length * 512);
  const resourceSpans = beginMessage(writer, 1);
  const resourceMessage = beginMessage(writer, 1);
  for (const entry of Object.entries(resource)) writeAttribute(writer, 1, entry);
  endMessage(writer, resourceMessage);
  const scopeSpans = beginMessage(writer, 2);
  const scopeMessage = beginMessage(writer, 1);
  writeStringField(writer, 1, scope.name);
  writeStringField(writer, 2, scope.version);
  endMessage(writer, scopeMessage);
  for (const span of spans) writeSpan(writer, span);
  endMessage(writer, scopeSpans);
  endMessage(writer, resourceSpans);
  return written(writer);
}

function writeSpan(writer: Writer, span: Span): void {
  const message = beginMessage(writer, 2);
  writeBytes(writer, 1, Buffer.from(span.traceId, "hex"));
  writeBytes(writer, 2, Buffer.from(span.spanId, "hex"));
  writeStringField(writer, 3, span.traceState);
  if (span.parentId !== undefined) writeBytes(writer, 4, Buffer.from(span.parentId, "hex"));
  writeStringField(writer, 5, span.name);
  writeIntegerField(writer, 6, serverKind);
  writeTime(writer, 7, span.start);
  writeTime(writer, 8, span.end);
  for (const attribute of span.attributes) writeAttribute(writer, 9, attribute);
  for (const event of span.events) {
    const eventMessage = beginMessage(writer, 11);
    writeTime(writer, 1, event.at);
    writeStringField(writer, 2, event.name);
    endMessage(writer, eventMessage);
  }
  if (span.isError) {
    const status = beginMessage(writer, 15);
    writeIntegerField(writer, 3, errorCode);
    endMessage(writer, status);
  }
  writeTag(writer, 16, wireTypes.fixed32);
  fixed.writeUInt32LE(span.parentId === undefined ? sampledFlag : sampledFlag | knowsParentFlag | remoteParentFlag);
  writeRaw(writer, fixed.subarray(0, 4));
  endMessage(writer, message);
}

/** A KeyValue with an AnyValue in it. */
function writeAttribute(writer: Writer, field: number, [name, value]: Attribute): void {
  const message = beginMessage(writer, field);
  writeString(writer, 1, name);
  const any = beginMessage(writer, 2);
  if (typeof value === "string") {
    writeString(writer, 1, value);
  } else if (Number.isInteger(value)) {
    writeTag(writer, 3, wireTypes.varint);
    writeSigned(writer, value);
  } else {
    writeTag(writer, 4, wireTypes.fixed64);
    fixed.writeDoubleLE(value);
    writeRaw(writer, fixed);
  }
  endMessage(writer, any);
  endMessage(writer, message);
}

/** Nanoseconds since 1970 UTC, of milliseconds with fractions. */
function writeTime(writer: Writer, field: number, milliseconds: number): void {
  writeTag(writer, field, wireTypes.fixed64);
  const whole = Math.floor(milliseconds);
  fixed.writeBigUInt64LE(BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6)));
  writeRaw(writer, fixed);
}
