import assert from "node:assert/strict";
import { test } from "node:test";
import { mountsBelow } from "./mounts.ts";

const mountinfo = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /var/lib/slipway/one rw - tmpfs tmpfs rw
31 30 0:27 / /var/lib/slipway/one/etcd rw - tmpfs tmpfs rw
32 22 0:28 / /var/lib/slipway/one-more/etcd rw - tmpfs tmpfs rw
33 30 0:29 / /var/lib/slipway/one/with\\040space rw - tmpfs tmpfs rw
`;

test("finds the mounts of a folder and below it, the last one first, and none of a folder beside it", () => {
  assert.deepEqual(mountsBelow("/var/lib/slipway/one", mountinfo), [
    "/var/lib/slipway/one/with space",
    "/var/lib/slipway/one/etcd",
    "/var/lib/slipway/one",
  ]);
});
