import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkSecret, openCredentials } from "./credentials.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-credentials-"));
});
after(() => rm(directory, { recursive: true }));

async function read(
  content: string | Uint8Array,
  key: "token" | "password" | ".dockerconfigjson" = "token",
): Promise<string | undefined> {
  await writeFile(join(directory, key), content);
  return openCredentials(directory).read(key);
}

test("a value is what stands there without the blanks around it", async () => {
  assert.equal(await read("abc\n"), "abc");
  assert.equal(await read("pass wörd\n", "password"), "pass wörd");
  assert.equal(await read('{\n  "auths": {}\n}\n', ".dockerconfigjson"), '{\n  "auths": {}\n}');
});

test("what is empty or not there is nothing", async () => {
  assert.equal(await read(" \n"), undefined);
  assert.equal(await openCredentials(directory).read("HF_TOKEN"), undefined);
  assert.equal(await openCredentials(join(directory, "nothing")).read("token"), undefined);
});

test("a value that changes is found", async () => {
  const credentials = openCredentials(directory);
  await read("first");
  assert.equal(await credentials.read("token"), "first");
  await read("second");
  assert.equal(await credentials.read("token"), "second");
});

test("what could break a header is told by its key, not by its value", async () => {
  for (const value of ["hidden value", "hidden\r\nx: y", "hiddenö", "hidden\0"]) {
    await assert.rejects(read(value), (error) => {
      assert.ok(error instanceof Error);
      assert.equal(error.name, "InvalidConfiguration");
      assert.match(error.message, /^The key token of the source's Secret holds a blank/);
      assert.ok(!error.message.includes("hidden"));
      return true;
    });
  }
});

test("what is far too large, or no file, is told", async () => {
  await assert.rejects(read(Buffer.alloc(300_000, "a")), { message: /key token .* larger than 262144 bytes/ });
  await mkdir(join(directory, "HF_TOKEN"));
  await assert.rejects(openCredentials(directory).read("HF_TOKEN"), {
    message: /key HF_TOKEN .* cannot be read \(EISDIR\)/,
  });
});

test("a Secret that is not there is told by its name, in whatever way its volume is empty", async () => {
  const told = { name: "Unauthorized", message: /no Secret "login" .* Create it, or correct source\.secretRef\./ };
  const volume = join(directory, "volume");
  await assert.rejects(checkSecret(volume, "login"), told);
  await mkdir(join(volume, "..2026_11_24"), { recursive: true });
  await symlink("..2026_11_24", join(volume, "..data"));
  await assert.rejects(checkSecret(volume, "login"), told);
  await symlink("..data/.dockerconfigjson", join(volume, ".dockerconfigjson"));
  await checkSecret(volume, "login");
  await checkSecret(join(directory, "nothing"), undefined);
});
