import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem, type Problem } from "../errors.ts";
import { type BodyStore, createBodyStore } from "./body-store.ts";
import { type BufferPool, createBufferPool } from "./buffer-pool.ts";

const kilobyte = 1024;

interface Budget {
  readonly limitBytes: number;
  readonly take: (bytes: number) => boolean;
  readonly taken: () => number;
}

function budget(limitBytes: number, available = Number.POSITIVE_INFINITY): Budget {
  let taken = 0;
  return {
    limitBytes,
    take(bytes) {
      if (taken + bytes > available) return false;
      taken += bytes;
      return true;
    },
    taken: () => taken,
  };
}

function store(made: BodyStore | Problem): BodyStore {
  assert.ok(!isProblem(made));
  return made;
}

function piece(bytes: number, value: number): Uint8Array {
  return new Uint8Array(bytes).fill(value);
}

describe("the memory of a body", () => {
  test("of known length is reserved at once and filled in order", () => {
    const plan = budget(1e6);
    const body = store(createBodyStore(plan, createBufferPool(0), 5));
    assert.equal(plan.taken(), 5);
    assert.equal(body.append(Uint8Array.of(1, 2)), undefined);
    assert.equal(body.append(Uint8Array.of(3, 4, 5)), undefined);
    assert.deepEqual([...body.whole()], [1, 2, 3, 4, 5]);
    assert.equal(plan.taken(), 5);
  });

  test("that cannot be reserved is refused", () => {
    const made = createBodyStore(budget(1e6, 4), createBufferPool(0), 5);
    assert.ok(isProblem(made));
    assert.equal(made.status, 503);
  });

  test("of unknown length is reserved before it grows, never for less than is held", () => {
    const plan = budget(10 * kilobyte * kilobyte);
    const body = store(createBodyStore(plan, createBufferPool(0), -1));
    for (let count = 1; count <= 300; count += 1) {
      assert.equal(body.append(piece(kilobyte, count % 256)), undefined);
      assert.ok(plan.taken() >= body.whole().buffer.byteLength - 4096, "page by page");
      assert.ok(plan.taken() <= Math.max(16, 2 * count) * kilobyte, "at most twice what came");
    }
    const whole = body.whole();
    assert.equal(whole.length, 300 * kilobyte);
    assert.ok(whole.every((value, index) => value === (Math.floor(index / kilobyte) + 1) % 256));
  });

  test("that may not grow is refused with 503, one beyond the limit with 413, at the limit it is taken", () => {
    const full = store(createBodyStore(budget(1e6, 20 * kilobyte), createBufferPool(0), -1));
    assert.equal(full.append(piece(16 * kilobyte, 1)), undefined);
    assert.equal(full.append(piece(1, 1))?.status, 503);

    const plan = budget(20 * kilobyte);
    const large = store(createBodyStore(plan, createBufferPool(0), -1));
    assert.equal(large.append(piece(20 * kilobyte, 1)), undefined);
    assert.equal(plan.taken(), 20 * kilobyte);
    assert.equal(large.append(piece(1, 1))?.status, 413);
  });

  test("begins where its plan says, from the first byte to the last growth", () => {
    for (const bytes of [5, 100 * kilobyte, -1]) {
      const body = store(createBodyStore({ ...budget(1e6), bytesBefore: 7 }, createBufferPool(1e6), bytes));
      assert.equal(body.append(piece(5, 1)), undefined);
      assert.equal(body.whole().byteOffset, 7);
      assert.equal(body.whole().length, 5);
      if (bytes !== -1) continue;
      assert.equal(body.append(piece(100 * kilobyte, 2)), undefined);
      const whole = body.whole();
      assert.equal(whole.byteOffset, 7);
      assert.ok(whole.every((value, index) => value === (index < 5 ? 1 : 2)));
    }
  });
});

describe("the pool", () => {
  const large = 100 * kilobyte;

  test("gives the memory of a body to the next of about its size", () => {
    const pool = createBufferPool(1e6);
    const first = store(createBodyStore(budget(1e6), pool, large));
    const { buffer } = first.whole();
    first.release();
    assert.equal(store(createBodyStore(budget(1e6), pool, large - 10)).whole().buffer, buffer);
    assert.notEqual(store(createBodyStore(budget(1e6), pool, large)).whole().buffer, buffer, "once");
  });

  test("does not give a large one to a small body", () => {
    const pool = createBufferPool(1e7);
    const buffer = pool.take(1e6);
    pool.give(buffer);
    assert.notEqual(pool.take(large), buffer);
    assert.equal(pool.take(600_000), buffer);
  });

  test("keeps no more bytes and no more buffers than it may; the rest is freed at once", () => {
    const pool = createBufferPool(3 * large - 1);
    const buffers = Array.from({ length: 4 }, () => pool.take(large));
    for (const buffer of buffers) pool.give(buffer);
    assert.deepEqual(
      buffers.map(({ detached }) => detached),
      [false, false, true, true],
    );
    const many = createBufferPool(1e9);
    const small = Array.from({ length: 20 }, () => many.take(70_000));
    for (const buffer of small) many.give(buffer);
    assert.equal(small.filter(({ detached }) => detached).length, 4);
  });

  test("frees what it keeps when it is cleared", () => {
    const pool = createBufferPool(1e6);
    const buffer = pool.take(large);
    pool.give(buffer);
    pool.clear();
    assert.equal(buffer.detached, true);
    assert.equal(pool.take(large).detached, false);
  });

  test("what a body outgrew is given back, and a body that is over is empty", () => {
    const given: ArrayBuffer[] = [];
    const real = createBufferPool(0);
    const pool: BufferPool = {
      ...real,
      give(buffer) {
        given.push(buffer);
        real.give(buffer);
      },
    };
    const body = store(createBodyStore(budget(1e6), pool, -1));
    for (let count = 0; count < 200; count += 1) body.append(piece(kilobyte, 1));
    const whole = body.whole();
    body.release();
    assert.equal(given.length, 3, "64, 128 and 256 KiB");
    assert.ok(given.every(({ detached }) => detached));
    assert.equal(whole.length, 0);
  });
});
