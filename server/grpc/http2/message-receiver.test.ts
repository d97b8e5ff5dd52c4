import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type BufferPool, createBufferPool, pooledFromBytes } from "../../bytes/buffer-pool.ts";
import type { Problem } from "../../errors.ts";
import { createMessageReceiver, type MessageReceiver, type ReceiverOptions } from "./message-receiver.ts";

interface Received {
  readonly receiver: MessageReceiver;
  readonly messages: { readonly bytes: Buffer; readonly isCompressed: boolean }[];
  readonly problems: Problem[];
  readonly taken: number[];
}

function receive(chunks: readonly Uint8Array[], options: Partial<ReceiverOptions> = {}): Received {
  const received: Omit<Received, "receiver"> = { messages: [], problems: [], taken: [] };
  const receiver = createMessageReceiver({
    limitBytes: 1000,
    take(bytes) {
      received.taken.push(bytes);
      return true;
    },
    pool: createBufferPool(0),
    alignedOffset: () => undefined,
    onMessage: (bytes, isCompressed) => received.messages.push({ bytes, isCompressed }),
    onProblem: (problem) => received.problems.push(problem),
    ...options,
  });
  // Each in memory of its own, as they come from a socket.
  for (const chunk of chunks) receiver.push(Buffer.from(new Uint8Array(chunk).buffer));
  return { receiver, ...received };
}

function frame(content: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let position = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(position, position + size));
    position += size;
  }
  return [...chunks, bytes.subarray(position)];
}

test("messages come out as they went in, wherever the data is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.uint8Array({ maxLength: 50 }), fc.boolean()), { maxLength: 5 }),
      fc.array(fc.nat({ max: 20 })),
      (messages, sizes) => {
        const data = Buffer.concat(messages.map(([content, isCompressed]) => frame(content, isCompressed ? 1 : 0)));
        const received = receive(split(data, sizes));
        const found = received.messages.map(({ bytes, isCompressed }) => [[...bytes], isCompressed]);
        assert.deepEqual(
          found,
          messages.map(([content, isCompressed]) => [[...content], isCompressed]),
        );
        assert.ok(!received.receiver.isWithinMessage());
        assert.equal(received.receiver.received(), data.length);
        assert.deepEqual(received.problems, []);
      },
    ),
    { numRuns: 500 },
  );
});

test("the end of the data within a message is told apart", () => {
  const data = frame(Buffer.alloc(10));
  for (let length = 1; length < data.length; length++) {
    assert.ok(receive([data.subarray(0, length)]).receiver.isWithinMessage(), `of ${length} bytes`);
  }
});

describe("memory", () => {
  test("is reserved before any of a message is kept, and once", () => {
    const data = frame(Buffer.alloc(100));
    assert.deepEqual(receive([data.subarray(0, 4)]).taken, []);
    assert.deepEqual(receive(split(data, [5, 10, 10])).taken, [100]);
  });

  test("that cannot be had refuses the message, and nothing comes after it", () => {
    const data = Buffer.concat([frame(Buffer.alloc(10)), frame(Buffer.alloc(10))]);
    const { messages, problems } = receive([data, data], { take: () => false });
    assert.deepEqual([messages.length, problems.map(({ code }) => code)], [0, ["Overloaded"]]);
  });

  test("is bounded for one message, whatever it says of its length", () => {
    assert.equal(receive([frame(Buffer.alloc(1000))]).messages.length, 1);
    const { problems, taken } = receive([frame(Buffer.alloc(1001))]);
    assert.deepEqual([problems.map(({ code }) => code), taken], [["BodyTooLarge"], []]);
    assert.equal(receive([Buffer.from([0, 255, 255, 255, 255])]).problems[0]?.code, "BodyTooLarge");
  });
});

test("a first byte that is neither 0 nor 1 is refused", () => {
  const { problems, messages } = receive([frame(Buffer.alloc(3), 2)]);
  assert.equal(messages.length, 0);
  assert.match(problems[0]?.message ?? "", /first byte is 2/);
});

test("a message that is put together has its aligned byte at a multiple of 16", () => {
  for (let offset = 0; offset < 32; offset++) {
    const data = frame(Buffer.alloc(100, 1));
    const { messages } = receive(split(data, [20]), {
      alignedOffset: (part) => (part.length > 0 ? offset : undefined),
    });
    assert.equal(((messages[0]?.bytes.byteOffset ?? 1) + offset) % 16, 0, `offset ${offset}`);
  }
});

describe("memory of a large message", () => {
  const content = Buffer.alloc(pooledFromBytes, 7);
  const limitBytes = content.length;
  const halves = (bytes: Buffer): Uint8Array[] => split(bytes, [bytes.length / 2]);

  /** Counts what is out. */
  function counted(): BufferPool & { readonly out: () => number } {
    const pool = createBufferPool(1e6);
    let out = 0;
    return {
      take(bytes) {
        out += 1;
        return pool.take(bytes);
      },
      give(buffer) {
        out -= 1;
        pool.give(buffer);
      },
      clear: () => pool.clear(),
      out: () => out,
    };
  }

  test("is the next one's when its call is over, and not before", () => {
    const pool = counted();
    const one = receive(halves(frame(content)), { pool, limitBytes });
    const other = receive(halves(frame(Buffer.alloc(limitBytes, 8))), { pool, limitBytes });
    assert.ok(one.messages[0]?.bytes.equals(content));
    assert.notEqual(one.messages[0]?.bytes.buffer, other.messages[0]?.bytes.buffer);
    one.receiver.release();
    const next = receive(halves(frame(Buffer.alloc(limitBytes, 9))), { pool, limitBytes });
    assert.equal(next.messages[0]?.bytes.buffer, one.messages[0]?.bytes.buffer);
    other.receiver.release();
    next.receiver.release();
    assert.equal(pool.out(), 0);
  });

  test("is given back once, also when the message never ends, and nothing is written to it then", () => {
    const pool = counted();
    const [first = content, second = content] = halves(frame(content));
    const { receiver, messages } = receive([first], { pool, limitBytes });
    assert.equal(pool.out(), 1);
    receiver.release();
    receiver.release();
    receiver.push(Buffer.from(second));
    assert.equal(pool.out(), 0);
    assert.equal(messages.length, 0);
  });

  test("is its own for good where it is compressed, as another thread reads it", () => {
    const pool = counted();
    const { messages } = receive(halves(frame(content, 1)), { pool, limitBytes });
    assert.equal(messages.length, 1);
    assert.equal(pool.out(), 0);
  });
});
