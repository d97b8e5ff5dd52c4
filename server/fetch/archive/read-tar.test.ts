import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { defaultLimits } from "../limits.ts";
import { readTar } from "./read-tar.ts";

// What real programs pack is unpacked in test/integration/fetch/tar.test.ts; here are headers that they write seldom.

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-tar-"));
});
after(() => rm(directory, { recursive: true }));

interface Block {
  readonly name: string;
  readonly type?: string;
  /** Of its content, where it is left out. */
  readonly size?: number | string;
  readonly content?: string | Buffer;
}

const end = Buffer.alloc(1024);

describe("a size of what has no content is ignored", () => {
  for (const [type, shown] of [
    ["1", "link"],
    ["2", "symlink"],
    ["3", "character-device"],
    ["4", "block-device"],
    ["5", "folder"],
    ["6", "fifo"],
  ] as const) {
    test(`type ${type}, a ${shown}`, async () => {
      const tar = [block({ name: "odd", type, size: 4096 }), block({ name: "model.onnx", content: "graph" }), end];
      assert.deepEqual(await entries(tar), [`${shown} odd`, "file model.onnx graph"]);
      const pax = block({ name: "pax", type: "x", content: "13 size=4096\n" });
      assert.deepEqual(await entries([pax, ...tar]), [`${shown} odd`, "file model.onnx graph"]);
    });
  }

  test("a file whose name ends with a slash is a folder", async () => {
    const tar = [block({ name: "old/", size: 4096 }), block({ name: "old/model.onnx", content: "graph" }), end];
    assert.deepEqual(await entries(tar), ["folder old/", "file old/model.onnx graph"]);
  });
});

describe("the content", () => {
  test("of a type that is not known, and of a folder with a list of its names, is not taken for headers", async () => {
    const tar = [
      block({ name: "odd", type: "Z", content: "unknown" }),
      block({ name: "listed/", type: "D", content: "Ymodel.onnx" }),
      block({ name: "A label", type: "V" }),
      block({ name: "model.onnx", content: "graph" }),
      end,
    ];
    const expected = [
      "type of entry that is not known odd unknown",
      "folder listed/ Ymodel.onnx",
      "file model.onnx graph",
    ];
    assert.deepEqual(await entries(tar), expected);
  });

  test("that nobody reads is skipped", async () => {
    const tar = [block({ name: "a", content: "x".repeat(70_000) }), block({ name: "b", content: "graph" }), end];
    const names: string[] = [];
    await reading(tar, async ({ name }) => void names.push(name));
    assert.deepEqual(names, ["a", "b"]);
  });
});

describe("fields", () => {
  const pax = (records: string, type = "x"): Buffer => block({ name: "pax", type, content: records });

  test("of one entry and of all that follow take the place of the header's", async () => {
    const tar = [
      pax(record("path=of/all.x"), "g"),
      block({ name: "a", content: "1" }),
      pax(record("path=größe.x") + record("size=3") + record("mtime=1.5")),
      block({ name: "b", size: 0, content: "two" }),
      block({ name: "longlink", type: "L", content: `${"n".repeat(200)}\0` }),
      block({ name: "c", content: "3" }),
      end,
    ];
    const found = await entries(tar);
    assert.deepEqual(found, ["file of/all.x 1", "file größe.x two", "file of/all.x 3"]);
  });

  test("a long name is that of the next entry alone", async () => {
    const long = "n".repeat(200);
    const tar = [
      block({ name: "longlink", type: "K", content: "somewhere\0" }),
      block({ name: "longlink", type: "L", content: `${long}\0` }),
      block({ name: "a", content: "1" }),
      block({ name: "b", content: "2" }),
      end,
    ];
    assert.deepEqual(await entries(tar), [`file ${long} 1`, "file b 2"]);
  });

  for (const [what, damaged] of [
    ["no length", "path=a\n"],
    ["a length beyond its end", "99 path=a\n"],
    ["a length that ends before its line", "7 path=abc\n"],
    ["no value", "7 path\n"],
    ["a size that is none", "11 size=x1\n"],
  ] as const) {
    test(`with ${what} are damaged`, async () => {
      await assert.rejects(entries([pax(damaged), block({ name: "a" }), end]), {
        name: "NotAModel",
        message: /as tar/,
      });
    });
  }

  test("of more bytes than are kept in memory are refused", async () => {
    const tar = [block({ name: "longlink", type: "L", size: 4 * 1024 ** 2 + 1 }), Buffer.alloc(5 * 1024 ** 2, 0x61)];
    await assert.rejects(entries(tar), { name: "NotAModel", message: /name or fields of more than 4194304 bytes/ });
  });
});

describe("a size", () => {
  test("in binary is that of GNU tar", async () => {
    const size = `\x80${"\0".repeat(10)}\x05`;
    assert.deepEqual(await entries([block({ name: "a", size, content: "graph" }), end]), ["file a graph"]);
  });

  for (const size of ["\xff".repeat(12), `\x80${"\x7f".repeat(11)}`, "12x4", "-1"]) {
    test(`${JSON.stringify(size)} is none`, async () => {
      await assert.rejects(entries([block({ name: "a", size }), end]), { name: "NotAModel" });
    });
  }
});

describe("behind the end", () => {
  const tar = [block({ name: "a", content: "1" }), end];
  for (const [what, rest] of [
    ["entries", [block({ name: "b", content: "2" }), end]],
    ["garbage", [Buffer.alloc(700, "garbage")]],
    ["one block of zeros, and an entry after it", [block({ name: "b" }), end]],
  ] as const) {
    test(`${what} do not count`, async () => {
      const whole = what.startsWith("one") ? [tar[0] ?? end, Buffer.alloc(512), ...rest] : [...tar, ...rest];
      assert.deepEqual(await entries(whole), ["file a 1"]);
    });
  }

  test("what does not decompress is told", async () => {
    const gzip = gzipSync(Buffer.concat([...tar, Buffer.alloc(300_000, "x")]), { level: 0 });
    const cut = gzip.subarray(0, gzip.length - 100_000);
    await assert.rejects(
      reading([cut], async () => undefined, "gzip"),
      { name: "TruncatedModel" },
    );
  });
});

test("entries of a type that is not known cost what they are", async () => {
  const tar = [...Array.from({ length: 20_000 }, (_, at) => block({ name: `f${at}`, type: "Z" })), end];
  const gzip = gzipSync(Buffer.concat(tar));
  let found = 0;
  const signal = AbortSignal.timeout(60_000);
  await reading([gzip], async () => void (found += 1), "gzip", signal);
  assert.equal(found, 20_000);
});

/** What each entry is, its name and its content. */
async function entries(tar: readonly Buffer[]): Promise<string[]> {
  const found: string[] = [];
  await reading(tar, async ({ what, name }, content) => {
    const read = await text(content);
    found.push(`${what} ${name}${read === "" ? "" : ` ${read}`}`.trim());
  });
  return found;
}

async function reading(
  tar: readonly Buffer[],
  use: Parameters<typeof readTar>[3],
  compression: "gzip" | "none" = "none",
  signal = new AbortController().signal,
): Promise<void> {
  const absolutePath = join(directory, "archive");
  const bytes = Buffer.concat(tar);
  await writeFile(absolutePath, bytes);
  await readTar({ absolutePath, size: bytes.byteLength, compression }, defaultLimits, signal, use);
}

/** A field of pax: its length counts itself. */
function record(field: string): string {
  const bytes = Buffer.byteLength(field) + 2;
  return `${bytes + String(bytes + 1).length} ${field}\n`;
}

/** A header with its checksum, its content and what fills the last block of it. */
function block({ name, type = "0", content = "", size = Buffer.byteLength(content) }: Block): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write("0000644\0", 100);
  header.write(typeof size === "string" ? size : `${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write(type, 156);
  header.write("ustar\x0000", 257);
  header.write("        ", 148);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  const bytes = Buffer.from(content);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)]);
}
