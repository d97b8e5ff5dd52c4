import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packedName, stagePrefix, sweep } from "./packed-folders.ts";

const directory = mkdtempSync(join(tmpdir(), "slipway-packed-folders-"));
after(() => rmSync(directory, { recursive: true }));

test("only what is ours is removed, and of that what nobody uses", async () => {
  const place = join(directory, "place");
  const { pid: ended } = spawnSync("true");
  const now = Date.parse("2026-01-02T00:00:00Z");
  const kept = "slipway-packed-0123456789abcdef";
  const staying = [
    "lost+found",
    "model.onnx",
    "slipway-packed-mine",
    "0123456789abcdef",
    kept,
    `${stagePrefix(process.ppid)}abcdef`,
    "slipway-packing-1-elsewhere-abcdef",
  ];
  const going = [
    "slipway-packed-fedcba9876543210",
    `${stagePrefix(ended)}abcdef`,
    `${stagePrefix(process.pid)}abcdef`,
    "slipway-packing-1-else-where-abcdef",
  ];
  for (const name of [...staying, ...going]) {
    mkdirSync(join(place, name), { recursive: true });
    writeFileSync(join(place, name, "file"), "");
    utimesSync(join(place, name), now / 1000 - 60, now / 1000 - 60);
  }
  utimesSync(join(place, "slipway-packing-1-else-where-abcdef"), now / 1000 - 7200, now / 1000 - 7200);
  await sweep(place, join(place, kept), { pid: process.pid, now });
  assert.deepEqual(readdirSync(place).toSorted(), staying.toSorted());
});

test("where nothing is kept, what others keep stays", async () => {
  const place = join(directory, "temporary");
  mkdirSync(join(place, "slipway-packed-0123456789abcdef"), { recursive: true });
  mkdirSync(join(place, `slipway-packing-${process.pid}-${hostname()}-abcdef`));
  await sweep(place, undefined, { pid: process.pid, now: 0 });
  assert.deepEqual(readdirSync(place), ["slipway-packed-0123456789abcdef"]);
});

test("another file of the model is another name", async () => {
  const files = ["graph", "weights"].map((name) => join(directory, name));
  for (const file of files) writeFileSync(file, "12345678");
  const name = await packedName(files);
  assert.match(name, /^slipway-packed-[0-9a-f]{16}$/);
  assert.equal(await packedName(files), name);
  for (const file of files) {
    writeFileSync(file, "87654321");
    utimesSync(file, 1, 1);
    assert.notEqual(await packedName(files), name);
  }
});
