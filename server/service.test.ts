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

/** As kubelet's atomic writer does it: a new folder, then the link to it is replaced by a rename. */
async function project(volume: string, number: number, content: string): Promise<void> {
  const folder = `..${number}`;
  await mkdir(join(volume, folder));
  await writeFile(join(volume, folder, "in-service"), content);
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
    await project(volume, 1, "false");
    await symlink("..data/in-service", file);
    await happened(1);
    await project(volume, 2, "");
    await happened(2);
    await project(volume, 3, "false");
    await happened(3);
    await rm(file);
    await mkdir(file);
    await happened(4);
    await rm(file, { recursive: true });
    await happened(5);
    assert.deepEqual(events, [false, true, false, "error", true]);
  } finally {
    watch.stop();
    await rm(volume, { recursive: true });
  }
});
