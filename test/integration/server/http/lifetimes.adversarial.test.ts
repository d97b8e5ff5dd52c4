import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Exchange } from "../../../../server/http/handler.ts";
import { answerJson, post, serveHttp } from "./harness.ts";

/**
 * Whatever clients and handlers do, each exchange is over exactly once, what was reserved is given back, and neither a
 * connection nor an exchange is left.
 */
type Step =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "turn" | "pause" | "resume" | "end" | "reset" };

/** The handler does as the path says. */
const behaviours: Readonly<Record<string, (exchange: Exchange, body: Uint8Array) => void>> = {
  "/now": (exchange, body) => answerJson(exchange, body.length),
  "/later": (exchange, body) => void setImmediate(() => answerJson(exchange, body.length)),
  "/much-later": (exchange) => void setTimeout(() => answerJson(exchange, 1), 5),
  "/last": (exchange) => answerJson(exchange, 1, { isLast: true }),
  "/twice": (exchange) => {
    answerJson(exchange, 1);
    answerJson(exchange, 2);
  },
  "/large": (exchange) => exchange.answer({ status: 200, headers: {}, parts: [Buffer.alloc(3_000_000)] }),
  "/stream": (exchange) => exchange.answer({ status: 200, headers: {}, parts: pieces(20) }),
  "/broken": (exchange) => exchange.answer({ status: 200, headers: {}, parts: pieces(3), length: 1e9 }),
  "/throws": () => {
    throw new Error("on purpose");
  },
  "/over": (exchange) => {
    answerJson(exchange, 1);
    throw new Error("on purpose");
  },
};
const paths = [...Object.keys(behaviours), "/early", "/early-later"];

function* pieces(count: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(100_000);
}

const request = fc
  .tuple(fc.constantFrom(...paths), fc.constantFrom("length", "chunked", "gzip", "large", "none", "malformed"))
  .map(([path, form]) => Buffer.from(requestOf(path, form)));

function requestOf(path: string, form: string): string | Uint8Array {
  switch (form) {
    case "chunked":
      return `POST ${path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    case "gzip":
      return gzipped(path);
    case "large":
      return post(path, "x".repeat(100_000));
    case "none":
      return `GET ${path} HTTP/1.1\r\n\r\n`;
    case "malformed":
      return `GET ${path} HTTP/1.1\r\nbad\r\n\r\n`;
    default:
      return post(path, "hello", "expect: 100-continue\r\n");
  }
}

function gzipped(path: string): Uint8Array {
  const body = gzipSync("hello".repeat(20_000));
  const head = `POST ${path} HTTP/1.1\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

const script = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 5 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(12), fc.constantFrom("turn", "turn", "pause", "resume", "end", "reset")), {
      maxLength: 4,
    }),
  )
  .map(([requests, cuts, others]): readonly Step[] => {
    const bytes = Buffer.concat(requests);
    const offsets = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b), bytes.length];
    const steps: Step[] = offsets
      .slice(1)
      .map((end, index) => ({ kind: "send", bytes: bytes.subarray(offsets[index], end) }));
    for (const [at, kind] of others) steps.splice(Math.min(at, steps.length), 0, { kind } as Step);
    return steps;
  });

async function play(port: number, steps: readonly Step[]): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  socket.on("error", () => undefined);
  socket.resume();
  for (const step of steps) {
    if (socket.destroyed) break;
    if (step.kind === "send" && socket.writable) socket.write(step.bytes);
    if (step.kind === "pause") socket.pause();
    if (step.kind === "resume") socket.resume();
    if (step.kind === "end") socket.end();
    if (step.kind === "reset") socket.resetAndDestroy();
    await new Promise(setImmediate);
  }
  return socket;
}

test("each exchange is over exactly once", async () => {
  const begun = new Set<Exchange>();
  const over = new Map<Exchange, number>();
  const ends = { sent: 0, gone: 0 };
  const served = await serveHttp({
    memoryBytes: 400_000,
    limitBytes: 200_000,
    head(exchange, plan) {
      begun.add(exchange);
      if (exchange.path === "/early") answerJson(exchange, 1);
      if (exchange.path === "/early-later") setImmediate(() => answerJson(exchange, 1));
      return exchange.path.startsWith("/early") ? undefined : plan;
    },
    whole: (exchange, body) => behaviours[exchange.path]?.(exchange, body),
    onOver(exchange, end) {
      over.set(exchange, (over.get(exchange) ?? 0) + 1);
      ends[end] += 1;
    },
  });
  await fc.assert(
    fc.asyncProperty(fc.array(script, { minLength: 1, maxLength: 3 }), fc.nat(3), async (scripts, turns) => {
      const sockets = await Promise.all(scripts.map((steps) => play(served.port, steps)));
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
      for (const socket of sockets) socket.destroy();
      // A pending accept shows itself within a few turns; a reset within one more.
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
      while (served.server.connections() > 0) await new Promise(setImmediate);
      assert.equal(served.server.exchanges(), 0);
      assert.equal(served.taken(), 0);
      assert.ok([...begun].every((exchange) => over.get(exchange) === 1));
      assert.ok([...over.values()].every((count) => count === 1));
      begun.clear();
      over.clear();
    }),
    { numRuns: 500 },
  );
  assert.ok(ends.sent > 300 && ends.gone > 50, JSON.stringify(ends));
  const faults = served.faults.filter((fault) => !/on purpose|another length/.test(String(fault)));
  assert.deepEqual(faults, []);
});
