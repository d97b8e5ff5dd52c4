import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isInService, watchService } from "./service.ts";

test("only the word false takes a pod out", () => {
  for (const content of ["", "true", "False", "0", "no", "falsehood", "\n"])
    assert.equal(isInService(content), true, content);
  for (const content of ["false", "false\n", " false "]) assert.equal(isInService(content), false, content);
});

/**
 * As kubelet's atomic writer does it: a new folder, then the link to it is replaced by a rename. So whoever looks sees
 * the state before or the one after, and no third one between them.
 */
async function project(volume: string, number: number, make: (path: string) => Promise<unknown>): Promise<void> {
  const folder = `..${number}`;
  await mkdir(join(volume, folder));
  await make(join(volume, folder, "in-service"));
  await symlink(folder, join(volume, "..data_tmp"));
  await rename(join(volume, "..data_tmp"), join(volume, "..data"));
}

test("a change is seen through the link that kubelet swaps, absence is in service, an error keeps the last state", async () => {
  const volume = await mkdtemp(join(tmpdir(), "slipway-service-"));
  const file = join(volume, "in-service");
  const events: (boolean | string)[] = [];
  let notify: (() => void) | undefined;
  const happened = async (count: number): Promise<void> => {
    while (events.length < count) {
      await new Promise<void>((resolve) => {
        notify = resolve;
      });
    }
  };
  const add = (event: boolean | string): void => {
    events.push(event);
    notify?.();
  };
  const watch = watchService({ file, onChange: add, onError: () => add("error") });
  try {
    await project(volume, 1, (path) => writeFile(path, "false"));
    await symlink("..data/in-service", file);
    await happened(1);
    await project(volume, 2, (path) => writeFile(path, ""));
    await happened(2);
    await project(volume, 3, (path) => writeFile(path, "false"));
    await happened(3);
    await project(volume, 4, (path) => mkdir(path)); // which cannot be read as a file
    await happened(4);
    await project(volume, 5, () => Promise.resolve()); // nothing is there
    await happened(5);
    assert.deepEqual(events, [false, true, false, "error", true]);
  } finally {
    watch.stop();
    await rm(volume, { recursive: true });
  }
});
