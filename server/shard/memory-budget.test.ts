import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createMemoryBudget, smallBytes, pooledBytesBeside } from "./memory-budget.ts";

const limit = 1_000_000;

test("large requests share the limit, and what one gives back another may take", () => {
  const budget = createMemoryBudget(limit);
  const [one, two] = [budget.open(), budget.open()];
  assert.equal(one.take(600_000), true);
  assert.equal(two.take(600_000), false);
  assert.equal(two.take(400_000), true);
  one.give();
  one.give();
  assert.equal(one.take(1), false, "it is over");
  assert.equal(two.take(600_000), true);
  assert.equal(two.take(1), false);
});

test("small requests are taken while large ones fill the limit", () => {
  const budget = createMemoryBudget(limit);
  assert.equal(budget.open().take(limit), true);
  for (let i = 0; i < 256; i++) assert.equal(budget.open().take(smallBytes), true, `small request ${i}`);
  assert.equal(budget.open().take(1), false, "they have a bound as well");
});

test("a request that grows out of small leaves that part to others", () => {
  const budget = createMemoryBudget(limit);
  const tickets = Array.from({ length: 256 }, () => budget.open());
  for (const ticket of tickets) assert.equal(ticket.take(smallBytes), true);
  assert.equal(budget.open().take(smallBytes), false);
  assert.equal(tickets[0]?.take(1), true);
  assert.equal(budget.open().take(smallBytes), true);
});

test("what is given back in part others may take, until all is given back", () => {
  const budget = createMemoryBudget(limit);
  const [one, two] = [budget.open(), budget.open()];
  assert.equal(one.take(600_000), true);
  one.giveBack(500_000);
  assert.equal(two.take(900_000), true);
  assert.equal(two.take(1), false);
  one.give();
  one.giveBack(100_000);
  assert.equal(two.take(100_000), true);
  assert.equal(two.take(1), false, "given once");
});

test("whatever is taken and given, the sums hold and all of it comes back", () => {
  const step = fc.record({ ticket: fc.nat(9), bytes: fc.nat(200_000), gives: fc.boolean(), part: fc.nat(200_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budget = createMemoryBudget(limit);
      const tickets = Array.from({ length: 10 }, () => ({ ticket: budget.open(), held: 0 }));
      for (const { ticket, bytes, gives, part } of steps) {
        const one = tickets[ticket];
        assert.ok(one);
        if (gives) {
          one.ticket.give();
          one.held = 0;
          // A ticket that was large stays so; a new one stands for the next request.
          one.ticket = budget.open();
        } else if (part % 3 === 0) {
          const back = Math.min(part, one.held);
          one.ticket.giveBack(back);
          one.held -= back;
        } else if (one.ticket.take(bytes)) {
          one.held += bytes;
        }
        const large = tickets.filter(({ held }) => held > smallBytes).reduce((sum, { held }) => sum + held, 0);
        assert.ok(large <= limit, `${large} bytes are held`);
      }
      for (const { ticket } of tickets) ticket.give();
      assert.equal(budget.open().take(limit), true, "nothing was lost");
    }),
  );
});

test("a ticket that was given back takes nothing any more", () => {
  const budget = createMemoryBudget(10 * smallBytes);
  const ticket = budget.open();
  assert.equal(ticket.take(2 * smallBytes), true);
  ticket.give();
  assert.equal(ticket.take(1), false);
  assert.equal(budget.open().take(10 * smallBytes), true);
});

test("what is kept for the next requests is little beside what requests may hold", () => {
  const mebibyte = 1024 ** 2;
  assert.equal(pooledBytesBeside(4 * mebibyte, 16 * mebibyte), mebibyte / 2);
  assert.equal(pooledBytesBeside(512 * mebibyte, 16 * mebibyte), 16 * mebibyte);
});
