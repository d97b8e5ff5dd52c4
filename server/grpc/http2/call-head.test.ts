import assert from "node:assert/strict";
import { test } from "node:test";
import { isProblem } from "../../errors.ts";
import { givenRequestId, readCallHead } from "./call-head.ts";

const head = { ":method": "POST", ":path": "/s/m", "content-type": "application/grpc" };

function codeOf(headers: Readonly<Record<string, string>>): string | undefined {
  const result = readCallHead(headers);
  return isProblem(result) ? result.code : undefined;
}

test("a head says where to, how it is compressed and how long it may take", () => {
  assert.deepEqual(readCallHead({ ...head, "grpc-encoding": "gzip", "grpc-timeout": "2S" }), {
    path: "/s/m",
    encoding: "gzip",
    timeout: 2000,
  });
  assert.deepEqual(readCallHead(head), { path: "/s/m", encoding: "identity", timeout: undefined });
});

test("the media type is gRPC's, with protobuf messages", () => {
  for (const type of ["application/grpc+proto", "Application/GRPC", "application/grpc; charset=utf-8"]) {
    assert.equal(codeOf({ ...head, "content-type": type }), undefined, type);
  }
  for (const type of ["application/grpc+json", "application/grpc-web", "application/json", "", "application/grpcx"]) {
    assert.equal(codeOf({ ...head, "content-type": type }), "NotGrpc", type);
  }
  assert.equal(codeOf({ ":method": "POST", ":path": "/s/m" }), "NotGrpc");
});

test("the method is POST, and what is unknown is refused", () => {
  assert.equal(codeOf({ ...head, ":method": "GET" }), "MethodNotAllowed");
  assert.equal(codeOf({ ...head, "grpc-encoding": "br" }), "UnsupportedEncoding");
  assert.equal(codeOf({ ...head, "grpc-encoding": "constructor" }), "UnsupportedEncoding");
  assert.equal(codeOf({ ...head, "grpc-timeout": "soon" }), "BadTimeout");
});

test("a client's own id is taken when it is fit to be repeated", () => {
  assert.equal(givenRequestId({ "x-request-id": "a-1" }), "a-1");
  assert.equal(givenRequestId({}), undefined);
  for (const id of ["", "a b", "é", "a".repeat(129)]) assert.equal(givenRequestId({ "x-request-id": id }), undefined);
});
