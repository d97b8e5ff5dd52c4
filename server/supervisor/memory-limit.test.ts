import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { memoryLimit } from "./memory-limit.ts";

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-cgroup-"));
});
after(() => rm(root, { recursive: true }));

async function limitOf(cgroup: string, files: Readonly<Record<string, string>>): Promise<number | undefined> {
  const own = await mkdtemp(join(root, "case-"));
  for (const [path, content] of Object.entries({ "self-cgroup": cgroup, ...files })) {
    await mkdir(dirname(join(own, path)), { recursive: true });
    await writeFile(join(own, path), content);
  }
  return memoryLimit(own, join(own, "self-cgroup"));
}

describe("the memory limit of the container", () => {
  const table: readonly (readonly [string, string, Readonly<Record<string, string>>, number | undefined])[] = [
    ["of a cgroup v2 that is the root, as a container sees it", "0::/\n", { "memory.max": "536870912\n" }, 536_870_912],
    ["none", "0::/\n", { "memory.max": "max\n" }, undefined],
    ["no file at all", "0::/\n", {}, undefined],
    [
      "the lowest on the way to the root",
      "0::/kubepods/pod1/main\n",
      { "kubepods/pod1/main/memory.max": "max", "kubepods/pod1/memory.max": "1000", "kubepods/memory.max": "2000" },
      1000,
    ],
    ["of a path of the host, which is not there", "0::/kubepods/pod1\n", { "memory.max": "3000" }, 3000],
    [
      "of cgroup v1, beside an empty v2",
      "4:memory:/docker/1\n0::/\n",
      { "memory/docker/1/memory.limit_in_bytes": "4000", "memory/memory.limit_in_bytes": "9223372036854771712" },
      4000,
    ],
    ["of cgroup v1 with controllers together", "4:cpu,memory:/\n", { "memory/memory.limit_in_bytes": "5000" }, 5000],
  ];
  for (const [name, cgroup, files, expected] of table) {
    test(name, async () => {
      assert.equal(await limitOf(cgroup, files), expected);
    });
  }
});
