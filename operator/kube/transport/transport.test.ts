import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import { ApiError, LostLeaseError, TransportError } from "./errors.ts";
import { createMetrics } from "../metrics.ts";
import { createManualClock } from "../test-clock.ts";
import { anonymous, type Peer, startPeer } from "./test-peer.ts";
import { type Transport, type TransportOptions, createTransport } from "./transport.ts";

async function withPeer(
  answer: Parameters<typeof startPeer>[0],
  run: (transport: Transport, peer: Peer) => Promise<void>,
  options: Partial<TransportOptions> = {},
): Promise<void> {
  const peer = await startPeer(answer);
  const transport = createTransport({
    server: peer.url,
    credentials: anonymous,
    clock: systemClock,
    random: () => 0,
    metrics: createMetrics(),
    userAgent: "test/1",
    ...options,
  });
  try {
    await run(transport, peer);
  } finally {
    await transport.close();
    await peer.close();
  }
}

const get = { method: "GET", path: "/x" } as const;
const post = { method: "POST", path: "/x", body: { a: 1 } } as const;
const isTransportError = (code: string) => (error: unknown) => error instanceof TransportError && error.code === code;

test("sends query, body, type, agent and authorization, and parses the answer", async () => {
  let seen: object = {};
  await withPeer(
    (request, response, body) => {
      const { authorization, "content-type": type, "user-agent": agent } = request.headers;
      seen = { url: request.url, body, authorization, type, agent };
      response.end('{"ü":1}');
    },
    async (transport) => {
      const query = { fieldManager: "a b", force: true, left: undefined };
      const answer = await transport.request({ ...post, method: "PATCH", query, contentType: "application/x" });
      assert.deepEqual(answer, { ü: 1 });
      assert.deepEqual(seen, {
        url: "/x?fieldManager=a+b&force=true",
        body: '{"a":1}',
        authorization: "Bearer t",
        type: "application/x",
        agent: "test/1",
      });
    },
    { credentials: { ...anonymous, authorization: () => Promise.resolve("Bearer t") } },
  );
});

test("uses its connections again and never more than allowed", async () => {
  await withPeer(
    (_request, response) => void setTimeout(() => response.end("{}"), 5),
    async (transport, peer) => {
      await Promise.all(Array.from({ length: 60 }, () => transport.request(get)));
      assert.ok(peer.accepted() <= 3, `${peer.accepted()} connections`);
    },
    { connections: 3 },
  );
});

test("a reset is hidden for what may be repeated, and told for what may not", async () => {
  await withPeer(
    (request, response, _body, nth) => {
      if (nth % 2 === 1) request.socket.destroy();
      else response.end("{}");
    },
    async (transport, peer) => {
      await transport.request(get);
      assert.equal(peer.requests.length, 2);
      await assert.rejects(transport.request(post), isTransportError("UND_ERR_SOCKET"));
      assert.equal(peer.requests.length, 3, "a POST that was sent is not sent again");
      await transport.request(get); // even: answered
      await transport.request({ ...post, idempotent: true });
      assert.equal(peer.requests.length, 6);
    },
  );
});

test("a connection that cannot be made is tried again for every verb, as nothing was sent", async () => {
  const peer = await startPeer(() => undefined);
  await peer.close();
  const metrics = createMetrics();
  const transport = createTransport({
    server: peer.url,
    credentials: anonymous,
    clock: systemClock,
    random: () => 0,
    metrics,
    userAgent: "test/1",
  });
  await assert.rejects(transport.request(post), isTransportError("ECONNREFUSED"));
  const text = await metrics.registry.metrics();
  assert.match(text, /rest_client_requests_total\{method="POST",code="<error>"\} 3/);
  assert.match(text, /rest_client_request_retries_total\{verb="POST",code="<error>"\} 2/);
  await transport.close();
});

test("429 and 503 with Retry-After are repeated for every verb, not before the time has passed, three times at most", async () => {
  for (const status of [429, 503]) {
    const at: number[] = [];
    const quick: Clock = { ...systemClock, setTimeout: (call, ms) => systemClock.setTimeout(call, ms / 20) };
    await withPeer(
      (_request, response) => {
        at.push(performance.now());
        response.writeHead(status, { "retry-after": "1" });
        response.end("slow down");
      },
      async (transport) => {
        await assert.rejects(
          transport.request(post),
          (error) => error instanceof ApiError && error.status === status && error.retryAfterSeconds === 1,
        );
        assert.equal(at.length, 3);
        for (const [index, time] of at.entries()) {
          assert.ok(index === 0 || time - (at[index - 1] ?? 0) >= 49, `${time}`);
        }
      },
      { clock: quick },
    );
  }
});

test("a server that asks for a long pause is obeyed by not asking again: the caller waits", async () => {
  await withPeer(
    (_request, response) => {
      response.writeHead(429, { "retry-after": "30" });
      response.end();
    },
    async (transport, peer) => {
      await assert.rejects(
        transport.request(get),
        (error) => error instanceof ApiError && error.retryAfterSeconds === 30,
      );
      assert.equal(peer.requests.length, 1);
    },
  );
});

test("an error answer becomes an ApiError with the Status it carries, or with what can be said without one", async () => {
  const causes = [{ reason: "FieldValueInvalid", message: "no", field: "spec.x" }];
  const status = { kind: "Status", reason: "Invalid", message: "spec.x: no", code: 422, details: { causes } };
  await withPeer(
    (request, response) => {
      response.writeHead(request.url === "/status" ? 422 : 404);
      response.end(request.url === "/status" ? JSON.stringify(status) : "<html>nothing here</html>");
    },
    async (transport) => {
      await assert.rejects(transport.request({ method: "POST", path: "/status" }), (error) => {
        assert.ok(error instanceof ApiError);
        assert.deepEqual([error.status, error.reason, error.causes], [422, "Invalid", causes]);
        assert.match(error.message, /^POST \/status: 422 spec.x: no$/);
        return true;
      });
      await assert.rejects(transport.request(get), (error) => {
        assert.ok(error instanceof ApiError);
        assert.deepEqual([error.status, error.reason], [404, "NotFound"]);
        assert.match(error.message, /nothing here/);
        return true;
      });
    },
  );
});

test("an answer that is not JSON is a TransportError that quotes it", async () => {
  await withPeer(
    (_request, response) => response.end("<html>"),
    (transport) => assert.rejects(transport.request(get), isTransportError("NotJson")),
  );
});

test("no answer within the time limit: an error, and the connection is given up", async () => {
  const clock = createManualClock();
  await withPeer(
    () => undefined,
    async (transport, peer) => {
      const refused = assert.rejects(transport.request({ ...get, timeoutMs: 50 }), isTransportError("Timeout"));
      await until(() => peer.requests.length === 1);
      await clock.advance(50);
      await refused;
      await until(() => peer.open() === 0);
      assert.equal(peer.requests.length, 1, "a time limit is not repeated: it is the caller's to decide");
    },
    { clock },
  );
});

test("after a time limit no other request is sent on a connection that may be dead, too", async () => {
  let dead = false;
  const sockets = new Set<unknown>();
  await withPeer(
    (request, response) => {
      if (!dead) sockets.add(request.socket);
      if (!dead || !sockets.has(request.socket)) setTimeout(() => response.end("{}"), 5);
    },
    async (transport, peer) => {
      await Promise.all([1, 2, 3].map(() => transport.request(get)));
      assert.equal(peer.accepted(), 3);
      dead = true;
      await assert.rejects(transport.request({ ...get, timeoutMs: 50 }), isTransportError("Timeout"));
      await Promise.all([1, 2, 3].map(() => transport.request({ ...get, timeoutMs: 1_000 })));
    },
    { connections: 3 },
  );
});

test("an aborted request rejects with the signal's reason wherever it is: before, in flight, waiting to repeat", async () => {
  const reason = new Error("enough");
  await withPeer(
    (request, response) => {
      if (request.url !== "/busy") return;
      response.writeHead(429, { "retry-after": "1" });
      response.end();
    },
    async (transport, peer) => {
      await assert.rejects(transport.request({ ...get, signal: AbortSignal.abort(reason) }), reason);
      assert.equal(peer.requests.length, 0);
      for (const path of ["/silent", "/busy"]) {
        const abort = new AbortController();
        const request = transport.request({ method: "GET", path, signal: abort.signal });
        setTimeout(() => abort.abort(reason), 100);
        await assert.rejects(request, reason);
      }
      await until(() => peer.open() <= 1);
    },
  );
});

test("what the guard forbids is not sent: not at first, not after a wait for a connection, not when repeating", async () => {
  let allowed = true;
  await withPeer(
    (request, response) => {
      if (request.url === "/hold") {
        setTimeout(() => {
          allowed = false;
          response.end("{}");
        }, 50);
      } else {
        allowed = false;
        response.writeHead(429);
        response.end();
      }
    },
    async (transport, peer) => {
      const guard = (): void => {
        if (!allowed) throw new LostLeaseError();
      };
      const held = transport.request({ method: "GET", path: "/hold" });
      await until(() => peer.requests.length === 1);
      await assert.rejects(transport.request({ ...post, guard }), LostLeaseError);
      await held;
      assert.deepEqual(peer.requests, ["GET /hold"]);

      await assert.rejects(transport.request({ ...post, guard }), LostLeaseError);
      assert.equal(peer.requests.length, 1);

      allowed = true;
      await assert.rejects(transport.request({ ...post, guard }), LostLeaseError);
      assert.equal(peer.requests.length, 2, "the repetition was not sent");
    },
    { connections: 1 },
  );
});

test("new TLS material opens new connections; what is in flight on the old ones ends well", async () => {
  let tls = { servername: "a" };
  await withPeer(
    (_request, response) => void setTimeout(() => response.end("{}"), 30),
    async (transport, peer) => {
      const first = transport.request(get);
      await until(() => peer.requests.length === 1);
      tls = { servername: "b" };
      await Promise.all([first, transport.request(get)]);
      assert.equal(peer.accepted(), 2);
      await until(() => peer.open() === 1);
    },
    { credentials: { ...anonymous, tls: () => Promise.resolve(tls) } },
  );
});

test("close ends what is in flight and leaves no socket open", async () => {
  await withPeer(
    (request, response) => {
      if (request.url === "/watch") response.write('{"type":"BOOKMARK","object":{}}\n');
    },
    async (transport, peer) => {
      const request = transport.request(get);
      const watch = transport.watch({ path: "/watch", idleMs: 10_000, signal: new AbortController().signal });
      await watch.next();
      const failed = [assert.rejects(request, TransportError), assert.rejects(watch.next(), TransportError)];
      await transport.close();
      await Promise.all(failed);
      await until(() => peer.open() === 0);
      await assert.rejects(transport.request(get), isTransportError("Closed"));
    },
  );
});

test("a watch gives each event once, whatever the chunks, and ends with the stream", async () => {
  const bytes = Buffer.from(added("ä€😀") + added("two") + added("x".repeat(300_000)));
  await withPeer(
    (_request, response) => {
      // Bytewise at first, so that characters and objects are cut everywhere.
      for (let start = 0; start < 80; start++) response.write(bytes.subarray(start, start + 1));
      response.end(bytes.subarray(80));
    },
    async (transport) => {
      const found: unknown[] = [];
      let opened = 0;
      const watch = transport.watch(
        { path: "/w", idleMs: 10_000, signal: new AbortController().signal },
        () => opened++,
      );
      for await (const each of watch) found.push((each.object as { text: string }).text);
      assert.deepEqual(found, ["ä€😀", "two", "x".repeat(300_000)]);
      assert.equal(opened, 1);
    },
  );
});

test("a watch that is refused, cut, cut inside an event, or silent throws what it was", async () => {
  const line = '{"type":"ADDED","object":{}}\n';
  const clock = createManualClock();
  await withPeer(
    (request, response) => {
      if (request.url === "/gone") {
        response.writeHead(410);
        response.end('{"kind":"Status","reason":"Expired","code":410}');
      } else if (request.url === "/half") {
        response.end(line + line.slice(0, 5));
      } else {
        response.write(line);
        if (request.url === "/cut") setTimeout(() => request.socket.resetAndDestroy(), 20);
      }
    },
    async (transport, peer) => {
      const watch = (path: string): Promise<number> =>
        count(transport.watch({ path, idleMs: 100, signal: new AbortController().signal }));
      await assert.rejects(watch("/gone"), (error) => error instanceof ApiError && error.reason === "Expired");
      await assert.rejects(watch("/half"), isTransportError("Cut"));
      await assert.rejects(
        watch("/cut"),
        (error) => error instanceof TransportError && /RESET|SOCKET/.test(error.code),
      );
      const silent = assert.rejects(watch("/silent"), isTransportError("Timeout"));
      await until(() => peer.requests.includes("GET /silent"));
      await clock.advance(100);
      await silent;
      await until(() => peer.open() <= 1);
    },
    { clock },
  );
});

test("bytes keep a watch alive even when they complete no event", async () => {
  await withPeer(
    (_request, response) => {
      const bytes = added("slow").split("");
      const timer = setInterval(() => {
        const next = bytes.shift();
        if (next !== undefined) response.write(next);
        else clearInterval(timer);
        if (bytes.length === 0) response.end();
      }, 20);
    },
    async (transport) => {
      const events = [];
      // The bytes take twice as long; a machine may stand still for most of it between two of them.
      const watch = transport.watch({ path: "/w", idleMs: 400, signal: new AbortController().signal });
      for await (const event of watch) events.push(event);
      assert.equal(events.length, 1);
    },
  );
});

test("a slow reader stops the stream instead of filling the memory", async () => {
  let written = 0;
  const total = 64 * 1024 * 1024;
  const line = `${JSON.stringify({ type: "ADDED", object: { filler: "x".repeat(64 * 1024) } })}\n`;
  await withPeer(
    (_request, response) => {
      const pump = (): void => {
        while (written < total) {
          written += line.length;
          if (!response.write(line)) {
            response.once("drain", pump);
            return;
          }
        }
        response.end();
      };
      pump();
    },
    async (transport) => {
      const watch = transport.watch({ path: "/w", idleMs: 10_000, signal: new AbortController().signal });
      await watch.next();
      await delay(200); // long enough for loopback to carry all of it if nobody held it back
      assert.ok(written < total / 2, `${written} of ${total} bytes were taken from a reader that read one event`);
      assert.equal(1 + (await count(watch)), Math.ceil(total / line.length));
    },
  );
});

test("leaving the loop of a watch closes its connection", async () => {
  await withPeer(
    (_request, response) => void response.write('{"type":"ADDED","object":{}}\n'),
    async (transport, peer) => {
      const watch = transport.watch({ path: "/w", idleMs: 10_000, signal: new AbortController().signal });
      for await (const each of watch) if (each !== undefined) break;
      await until(() => peer.open() === 0);
    },
  );
});

function added(text: string): string {
  return `${JSON.stringify({ type: "ADDED", object: { text } })}\n`;
}

/** How many events came before the watch ended by itself. */
async function count(watch: AsyncIterable<unknown>): Promise<number> {
  let events = 0;
  for await (const each of watch) if (each !== undefined) events += 1;
  return events;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within a minute: ${condition.toString()}`);
    await delay(2);
  }
}
