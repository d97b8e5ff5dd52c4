import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "./client.ts";
import { openAt, type RangeRequest, validatorOf } from "./range.ts";

type Headers = Readonly<Record<string, string>>;

const date = "Tue, 24 Nov 2026 09:00:00 GMT";
const validators: readonly [string, Headers, string | undefined][] = [
  ["a strong tag", { etag: '"abc"' }, '"abc"'],
  ["an empty tag", { etag: '""' }, '""'],
  ["a weak tag", { etag: 'W/"abc"' }, undefined],
  ["a tag without quotes", { etag: "abc" }, undefined],
  ["a tag that could break a header", { etag: '"a\r\nb: c"' }, undefined],
  ["an old date", { date, "last-modified": "Tue, 24 Nov 2026 08:59:59 GMT" }, "Tue, 24 Nov 2026 08:59:59 GMT"],
  ["a date of this second", { date, "last-modified": date }, undefined],
  ["a date that is none", { date, "last-modified": "yesterday" }, undefined],
  ["a date without the time of the answer", { "last-modified": date }, undefined],
  [
    "a weak tag and an old date",
    { etag: 'W/"a"', date, "last-modified": "Mon, 23 Nov 2026 08:00:00 GMT" },
    "Mon, 23 Nov 2026 08:00:00 GMT",
  ],
  ["nothing", {}, undefined],
];
for (const [what, headers, validator] of validators) {
  test(`${what} is ${validator === undefined ? "no validator" : "one"}`, () => {
    assert.equal(validatorOf(headers), validator);
  });
}

const part = { "content-range": "bytes 100-999/1000", etag: '"a"' };
/** Condition, validator, answers in turn; offset and size that come out, and the headers that were sent. */
const openings: readonly [
  string,
  RangeRequest["condition"],
  string | undefined,
  readonly [number, Headers][],
  number | undefined,
  readonly Headers[],
][] = [
  ["the rest", "if-range", '"a"', [[206, part]], 100, [{ range: "bytes=100-", "if-range": '"a"' }]],
  ["the rest of what matches", "if-match", '"a"', [[206, part]], 100, [{ range: "bytes=100-", "if-match": '"a"' }]],
  [
    "the rest of what has a date and no tag",
    "if-match",
    date,
    [[206, { "content-range": "bytes 100-999/1000" }]],
    100,
    [{ range: "bytes=100-", "if-unmodified-since": date }],
  ],
  ["the rest of what never changes", "none", undefined, [[206, part]], 100, [{ range: "bytes=100-" }]],
  ["the whole without a validator", "if-range", undefined, [[200, {}]], 0, [{}]],
  [
    "the whole of a server without ranges",
    "if-range",
    '"a"',
    [[200, {}]],
    0,
    [{ range: "bytes=100-", "if-range": '"a"' }],
  ],
  [
    "the whole when the range is past the end",
    "none",
    undefined,
    [
      [416, {}],
      [200, {}],
    ],
    0,
    [{ range: "bytes=100-" }, {}],
  ],
  [
    "the whole of what has changed",
    "if-match",
    '"a"',
    [
      [412, {}],
      [200, {}],
    ],
    0,
    [{ range: "bytes=100-", "if-match": '"a"' }, {}],
  ],
  [
    "the whole after a part that begins elsewhere",
    "none",
    undefined,
    [
      [206, { "content-range": "bytes 0-999/1000" }],
      [200, {}],
    ],
    0,
    [{ range: "bytes=100-" }, {}],
  ],
  [
    "the whole after a part of nobody knows what",
    "none",
    undefined,
    [
      [206, {}],
      [200, {}],
    ],
    0,
    [{ range: "bytes=100-" }, {}],
  ],
  [
    "the whole after a part of other bytes",
    "if-range",
    '"a"',
    [
      [206, { ...part, etag: '"b"' }],
      [200, {}],
    ],
    0,
    [{ range: "bytes=100-", "if-range": '"a"' }, {}],
  ],
  ["nothing when the part is refused", "none", undefined, [[403, {}]], undefined, [{ range: "bytes=100-" }]],
  [
    "nothing when the whole is refused",
    "none",
    undefined,
    [
      [416, {}],
      [500, {}],
    ],
    undefined,
    [{ range: "bytes=100-" }, {}],
  ],
];
for (const [what, condition, validator, answers, offset, expected] of openings) {
  test(`${what} (${condition})`, async () => {
    const sent: Headers[] = [];
    const opening = openAt(
      { offset: 100, validator },
      {
        condition,
        send: (headers) => {
          const [status, received] = answers[sent.length] ?? [0, {}];
          sent.push(headers);
          return Promise.resolve({ ...answer, status, headers: received });
        },
        refuse: ({ status }) => Promise.resolve(new Error(`refused ${status}`)),
      },
    );
    if (offset === undefined) await assert.rejects(opening, /refused (403|500)/);
    else assert.equal((await opening).offset, offset);
    assert.deepEqual(sent, expected);
  });
}

test("the size of the whole is told, as far as the server does", async () => {
  const sizes: readonly [number, Headers, number | undefined][] = [
    [206, part, 1000],
    [206, { "content-range": "bytes 100-999/*" }, undefined],
    [200, { "content-length": "7" }, 7],
    [200, { "content-length": "7, 7" }, undefined],
    [200, {}, undefined],
  ];
  for (const [status, headers, size] of sizes) {
    const opened = await openAt(
      { offset: 100, validator: undefined },
      {
        condition: "none",
        send: () => Promise.resolve({ ...answer, status, headers }),
        refuse: () => Promise.resolve(new Error("refused")),
      },
    );
    assert.equal(opened.size, size);
  }
});

/** Nothing reads more of it here than that it can be thrown away. */
const emptyBody = { dump: () => Promise.resolve() } as unknown as Answer["body"];
const answer = { body: emptyBody, host: "host", redirectedBy: undefined };
