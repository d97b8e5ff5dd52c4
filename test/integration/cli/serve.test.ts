import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { directionModels } from "../../../demo/models.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";
import { loopSteps } from "../../fixtures/loop-steps.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { loopModel, slowLoadingModel } from "../../fixtures/models/slow.ts";
import { stringNormalizerModel } from "../../fixtures/models/words.ts";
import { startRegistry } from "../fetch/servers/registry.ts";
import { eventually } from "../server/harness.ts";
import { binary, environment, slipway, withFolder } from "./slipway.ts";

interface Serving {
  readonly child: ChildProcess;
  /** What has been written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** `http://127.0.0.1:PORT`, once predictions are taken. */
  readonly url: Promise<string>;
  readonly ended: Promise<number | null>;
}

function serving(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Serving {
  const child = spawn(process.execPath, [binary, "serve", ...words, "--port", "0"], {
    env: environment(variables),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      const found = / serves at (\S+)\n/.exec(stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("close", () => reject(new Error(`it ended before it served: ${stderr}`)));
  });
  // Who does not wait for it is not told of it.
  url.catch(() => undefined);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, stdout: () => stdout, stderr: () => stderr, url, ended };
}

test("a model is served until Ctrl-C, with curl lines that work and a page", () =>
  withFolder(async (directory) => {
    await writeFile(join(directory, "Text_Direction.onnx"), directionModels().v1);
    const server = serving([join(directory, "Text_Direction.onnx"), "--workers", "1"]);
    try {
      const url = await server.url;
      const lines = server
        .stdout()
        .split("\n")
        .filter((line) => line.startsWith("curl "));
      assert.equal(lines.length, 3);
      for (const line of lines) {
        const { stdout } = await promisify(execFile)("bash", ["-c", `${line} --fail-with-body`]);
        assert.match(stdout, /"(outputs|predictions)":/);
      }
      assert.match(await (await fetch(url, { headers: { accept: "text/html" } })).text(), /<title>text-direction v1/);
      const picture = join(repositoryDirectory, "demo", "pictures", "platform.png");
      const words = ["--image", picture, "--size", "48x192", "--mean", "0.5", "--std", "0.5", "--bgr"];
      const asked = await slipway(["predict", "text-direction", "--url", url, ...words]);
      assert.equal(asked.code, 0, asked.stderr);
      assert.match(asked.stdout, /CLASS {2}SCORE\n {2}0 {6}(1|0\.9\d+)\n/);
    } finally {
      server.child.kill("SIGINT");
    }
    assert.equal(await server.ended, 0);
    assert.equal(server.stderr(), "draining\ndrained\n");
  }));

test("a model that is exported anew is served as it was, and a lost worker does not bring in another one", () =>
  withFolder(async (directory) => {
    const file = join(directory, "direction.onnx");
    const { v1, v2 } = directionModels();
    await writeFile(file, v1);
    const server = serving([file, "--workers", "2"]);
    try {
      const url = await server.url;
      // Who loads the file as it is changed ends the server, as it should.
      await reads(server, "slipway_workers", 2);
      await writeFile(file, v2);
      assert.equal((await fetch(`${url}/v2/health/ready`)).status, 200);
      const [shard] = (await readFile(`/proc/${server.child.pid}/task/${server.child.pid}/children`, "utf8")).split(
        " ",
      );
      process.kill(Number(shard), "SIGKILL");
      assert.equal(await server.ended, 1);
    } finally {
      server.child.kill("SIGKILL");
    }
    assert.match(server.stderr(), /^error: The file "direction\.onnx" is not what it was .* Start the server again/m);
  }));

test("Ctrl-C lets what is under way finish, and a second one does not", () =>
  withFolder(async (directory) => {
    await writeFile(join(directory, "loop.onnx"), loopModel());
    const run = async (seconds: number, url: string): Promise<Response> => {
      const steps = await loopSteps(seconds);
      const inputs = [
        { name: "x", datatype: "FP32", shape: [1], data: [0] },
        { name: "n", datatype: "INT64", shape: [], data: [steps] },
      ];
      return fetch(`${url}/v2/models/loop/infer`, { method: "POST", body: JSON.stringify({ inputs }) });
    };
    const patient = serving([join(directory, "loop.onnx"), "--workers", "1"]);
    const answer = run(1, await patient.url);
    await underWay(patient);
    patient.child.kill("SIGINT");
    assert.equal((await answer).status, 200);
    assert.equal(await patient.ended, 0);

    const hasty = serving([join(directory, "loop.onnx"), "--workers", "1"]);
    const lost = assert.rejects(run(20, await hasty.url));
    await underWay(hasty);
    hasty.child.kill("SIGINT");
    while (!hasty.stderr().includes("draining")) await once(hasty.child.stderr ?? hasty.child, "data");
    hasty.child.kill("SIGINT");
    assert.equal(await hasty.ended, 130);
    await lost;
  }));

/** Until the server's own metrics say so. */
async function reads(server: Serving, metric: string, value: number): Promise<void> {
  const url = /metrics (\S+);/.exec(server.stdout())?.[1];
  assert.ok(url !== undefined, server.stdout());
  const line = new RegExp(`^${metric}(?:\\{[^}]*\\})? ${value}$`, "m");
  await eventually(`${metric} is ${value}`, async () => line.test(await (await fetch(url)).text()));
}

function underWay(server: Serving): Promise<void> {
  return reads(server, "slipway_requests_in_flight", 1);
}

test("Ctrl-C while a model loads ends it at once, with 130", () =>
  withFolder(async (directory) => {
    await writeFile(join(directory, "slow.onnx"), slowLoadingModel());
    const server = serving([join(directory, "slow.onnx"), "--workers", "1", "--verbose"]);
    while (!server.stderr().includes("listening")) await once(server.child.stderr ?? server.child, "data");
    server.child.kill("SIGINT");
    assert.equal(await server.ended, 130);
    assert.equal(server.stdout(), "");
  }));

test("a model in a registry is fetched first, and nothing of it stays behind", () =>
  withFolder(async (directory) => {
    const registry = await startRegistry();
    const temporary = { TMPDIR: directory };
    try {
      const uri = `oci://${registry.host}/models/same:1`;
      await writeFile(join(directory, "model.onnx"), identityModel());
      assert.equal((await slipway(["push", join(directory, "model.onnx"), uri, "--plain-http"])).code, 0);
      const server = serving([uri, "--plain-http", "--workers", "1"], temporary);
      const url = await server.url;
      assert.match(await (await fetch(`${url}/v2/models/same`)).text(), /"name":"same"/);
      server.child.kill("SIGTERM");
      assert.equal(await server.ended, 0);
      assert.deepEqual(await readdir(directory), ["model.onnx"]);
    } finally {
      await registry.close();
    }
  }));

describe("what cannot be served is told in one message", () => {
  const ended = async (
    content: Uint8Array | string,
    ...words: string[]
  ): Promise<[code: number | null, said: string]> =>
    withFolder(async (directory) => {
      await writeFile(join(directory, "model.onnx"), content);
      const server = serving([join(directory, "model.onnx"), ...words]);
      return [await server.ended, server.stderr()];
    });

  test("an opset of the future", async () => {
    const [code, said] = await ended(identityModel({ opset: 99 }));
    assert.equal(code, 1);
    assert.match(said, /^error: The model uses opset 99 [^\n]*\n$/);
  });

  test("a model that ONNX Runtime does not take", async () => {
    const broken = Buffer.from(identityModel());
    broken.write("Identitx", broken.indexOf("Identity"));
    const [code, said] = await ended(broken, "--workers", "1");
    assert.equal(code, 1);
    assert.match(said, /^error: The model uses the operator "Identitx", which ONNX Runtime does not have[^\n]*\n$/);
  });

  test("a port that is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    try {
      const [code, said] = await withFolder(async (directory) => {
        await writeFile(join(directory, "model.onnx"), identityModel());
        const words = ["serve", join(directory, "model.onnx"), "--port", String(port)];
        const ran = await slipway(words);
        return [ran.code, ran.stderr] as const;
      });
      assert.equal(code, 1);
      assert.match(said, new RegExp(`^error: Port ${port} cannot be listened on \\(EADDRINUSE\\)[^\\n]*\\n$`));
    } finally {
      taken.close();
    }
  });

  test("a name that no model can have", async () => {
    const [code, said] = await ended(identityModel(), "--name", "My Model");
    assert.equal(code, 2);
    assert.match(said, /--name "My Model": a lower-case letter/);
  });
});

test("inspect --load runs the model, and tells of one that does not load", () =>
  withFolder(async (directory) => {
    await writeFile(join(directory, "good.onnx"), identityModel());
    const broken = Buffer.from(identityModel());
    broken.write("Identitx", broken.indexOf("Identity"));
    await writeFile(join(directory, "broken.onnx"), broken);
    const good = await slipway(["inspect", join(directory, "good.onnx"), "--load"]);
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /served here {2}yes, it was loaded in [\d.]+ s and ran on zeros in [\d.]+ s\n/);
    const bad = await slipway(["inspect", join(directory, "broken.onnx"), "--load", "-o", "json"]);
    assert.equal(bad.code, 1);
    const { served } = JSON.parse(bad.stdout) as { served: { isServed: boolean; reason: string; message: string } };
    assert.deepEqual([served.isServed, served.reason], [false, "UnsupportedOpset"]);
    assert.match(served.message, /operator "Identitx", which ONNX Runtime does not have/);
  }));

test("inspect tells which locale a model asks for, and whether this machine has it", () =>
  withFolder(async (directory) => {
    // A name that no machine has, until it is made one of those that are looked for.
    const model = stringNormalizerModel({ case_change_action: "LOWER", locale: "xx_XX.UTF-8" });
    await writeFile(join(directory, "text.onnx"), model);
    const words = ["inspect", join(directory, "text.onnx")];
    for (const more of [[], ["--load"]]) {
      const { code, stdout } = await slipway([...words, ...more]);
      assert.equal(code, 1);
      assert.match(stdout, /\n {2}locale {7}xx_XX\.UTF-8\n/);
      assert.match(stdout, /served here {2}no, LoadFailed: .* "xx_XX\.UTF-8" .* is not installed/);
    }
    await symlink("/usr/lib/locale/C.utf8", join(directory, "xx_XX.utf8"));
    const there = await slipway([...words, "-o", "json"], { variables: { LOCPATH: directory } });
    assert.equal(there.code, 0, there.stderr);
    const found = JSON.parse(there.stdout) as { readonly locales: unknown; readonly served: unknown };
    assert.deepEqual([found.locales, found.served], [["xx_XX.UTF-8"], { isServed: true }]);
  }));
