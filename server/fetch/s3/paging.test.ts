import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { emptyPages } from "../limits.ts";
import type { Listing } from "./listing.ts";
import { addPage, noPages, type Pages } from "./paging.ts";

/** Keys below `m/`. */
function page(keys: readonly string[], rest: Partial<Listing> = {}): Listing {
  const objects = keys.map((key) => ({ key: `m/${key}`, size: 1, etag: undefined }));
  const last = { isTruncated: false, continuationToken: undefined, nextMarker: undefined };
  return { objects, ...last, isFolded: false, isWhole: true, ...rest };
}

const more = { isTruncated: true };

function addAll(pages: readonly Listing[]): Pages | { readonly defect: string } {
  let all: Pages = noPages("m/");
  for (const one of pages) {
    const added = addPage(all, one);
    if ("defect" in added) return added;
    all = added;
  }
  return all;
}

/** Pages, and what asks for the next one. */
const roads: readonly [string, readonly Listing[], Pages["next"]][] = [
  ["the last page ends it, whatever token it has", [page(["a"], { continuationToken: "t" })], undefined],
  ["the token of the new form", [page(["a"], { ...more, continuationToken: "t" })], token("t")],
  [
    "the token, where a marker stands beside it",
    [page(["a"], { ...more, continuationToken: "t", nextMarker: "m/a" })],
    token("t"),
  ],
  ["the marker that the old form names", [page(["a", "b"], { ...more, nextMarker: "m/b" })], marker("m/b")],
  ["the last key, where it names none", [page(["a", "b"], more)], marker("m/b")],
  ["the last key of a later page", [page(["a", "b"], more), page(["c", "é", "😀"], more)], marker("m/😀")],
  ["a folder's own key is one, too", [page(["a", "b/"], more)], marker("m/b/")],
  [
    "a page without a key, which has a token",
    [page(["a"], { ...more, continuationToken: "t" }), page([], { ...more, continuationToken: "u" })],
    token("u"),
  ],
  [
    "keys in no order, where a token leads on",
    [page(["b", "a"], { ...more, continuationToken: "t" }), page(["A"], { ...more, continuationToken: "u" })],
    token("u"),
  ],
];
for (const [what, pages, next] of roads) {
  test(`what asks for the next page: ${what}`, () => {
    const all = addAll(pages);
    assert.ok(!("defect" in all), JSON.stringify(all));
    assert.deepEqual(all.next, next);
  });
}

const defects: readonly [string, readonly Listing[], RegExp][] = [
  ["nothing says whether more follows", [page(["a"], { isTruncated: undefined })], /^does not say whether more/],
  ["more follows, and the page is empty", [page([], more)], /^says that more follows, and not how to ask for it/],
  ["a server that ignores the marker", [page(["a", "b"], more), page(["a", "b"], more)], /^names "m\/a" twice$/],
  [
    "a server that gives the key of the marker again",
    [page(["a", "b"], more), page(["b", "c"])],
    /^names "m\/b" twice$/,
  ],
  ["a key that is twice on a page", [page(["a", "a"])], /^names "m\/a" twice$/],
  [
    "a token that repeats",
    [
      page(["a"], { ...more, continuationToken: "t" }),
      page(["b"], { ...more, continuationToken: "u" }),
      page(["c"], { ...more, continuationToken: "t" }),
    ],
    /^says twice that more follows "t"$/,
  ],
  [
    "a token that repeats on pages without keys",
    [page([], { ...more, continuationToken: "t" }), page([], { ...more, continuationToken: "t" })],
    /^says twice that more follows "t"$/,
  ],
  [
    "a marker that repeats",
    [page(["a"], { ...more, nextMarker: "m/a" }), page(["b"], { ...more, nextMarker: "m/a" })],
    /^says twice that more follows "m\/a"$/,
  ],
  ["keys out of order, with the last one as marker", [page(["b", "a"], more)], /^names "m\/a" after "m\/b", so/],
  [
    "keys out of order from page to page",
    [page(["c"], more), page(["b"], more)],
    /^names "m\/b" after "m\/c", so its last key/,
  ],
  ["keys in the order of UTF-16", [page(["😀", "\uff5a"], more)], /^names .* so its last key does not say/],
  [
    "a key that is not asked for",
    [page(["a"], { objects: [{ key: "m%2Fa", size: 1, etag: undefined }] })],
    /^names "m%2Fa", which does not lie below$/,
  ],
  ["folders in place of keys", [page(["a"], { isFolded: true })], /^gives folders in place of the keys/],
  [
    "a road without end",
    Array.from({ length: emptyPages + 1 }, (_, at) => page([], { ...more, continuationToken: `t${at}` })),
    /^has 100 pages in a row without a key$/,
  ],
];
for (const [what, pages, message] of defects) {
  test(`a folder is not taken for complete: ${what}`, () => {
    const all = addAll(pages);
    assert.ok("defect" in all, JSON.stringify(all));
    assert.match(all.defect, message);
  });
}

test("empty pages may be many, as long as keys come in between", () => {
  const run = (from: number): Listing[] =>
    Array.from({ length: emptyPages }, (_, at) => page([], { ...more, continuationToken: `t${from + at}` }));
  const all = addAll([...run(0), page(["a"], { ...more, continuationToken: "a" }), ...run(1000), page(["b"])]);
  assert.ok(!("defect" in all), JSON.stringify(all));
  assert.equal(all.objects.length, 2);
});

test("a server that keeps order is read whole, by tokens, by markers and by last keys, whatever its pages hold", () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, unit: "grapheme" }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 7 }), fc.constantFrom(...dialects), (some, size, dialect) => {
      const keys = some.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      let all: Pages = noPages("m/");
      do {
        const from = all.next === undefined ? 0 : dialect.start(keys, all.next.value);
        const part = keys.slice(from, from + size);
        const isTruncated = from + size < keys.length;
        const added = addPage(all, page(part, { isTruncated, ...dialect.way(from + size, part) }));
        assert.ok(!("defect" in added), JSON.stringify(added));
        all = added;
      } while (all.next !== undefined);
      assert.deepEqual(
        [...all.keys],
        keys.map((key) => `m/${key}`),
      );
      assert.deepEqual(
        all.objects.map(({ key }) => key),
        [...all.keys].filter((key) => !key.endsWith("/")),
      );
    }),
  );
});

interface Dialect {
  readonly way: (next: number, part: readonly string[]) => Partial<Listing>;
  readonly start: (keys: readonly string[], value: string) => number;
}

const dialects: readonly Dialect[] = [
  { way: (next) => ({ continuationToken: `t${next}` }), start: (_keys, value) => Number(value.slice(1)) },
  { way: (_next, part) => ({ nextMarker: `m/${part.at(-1)}` }), start: after },
  { way: () => ({}), start: after },
];

function after(keys: readonly string[], value: string): number {
  return keys.findIndex((key) => Buffer.compare(Buffer.from(`m/${key}`), Buffer.from(value)) > 0);
}

function token(value: string): Pages["next"] {
  return { name: "continuation-token", value };
}

function marker(value: string): Pages["next"] {
  return { name: "marker", value };
}
