import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { repositoryDirectory } from "../../cluster/directories.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { binary, environment, inTerminal, slipway, withFolder } from "./slipway.ts";

const escape = "\x1b[";
/** Back to the line's start, and the line is empty. */
const eraseLine = "\r\x1b[K";

test("the version is the package's", async () => {
  const { version } = JSON.parse(await readFile(join(repositoryDirectory, "package.json"), "utf8")) as {
    version: string;
  };
  assert.deepEqual(await slipway(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("npm finds the command in a checkout, on the pinned Node.js", async () => {
  const child = spawn("npm", ["exec", "--no", "--silent", "--", "slipway", "--version"], {
    cwd: repositoryDirectory,
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.match(await text(child.stdout), /^\d+\.\d+\.\d+\n$/);
});

describe("an exit code says how it went", () => {
  test("2 for a command that is written wrongly, with a hint on standard error alone", async () => {
    const { code, stdout, stderr } = await slipway(["inspcet", "x"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /did you mean inspect\?/);
  });
  test("1 for a thing that failed, without a stack", async () => {
    const { code, stdout, stderr } = await slipway(["inspect", "/nowhere/model.onnx"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(stderr, "error: nothing lies at /nowhere/model.onnx: check the path\n");
  });
  test("0 when the reader of the output has seen enough", async () => {
    const command = `'${process.execPath}' '${binary}' predict --help | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const child = spawn("bash", ["-c", command], { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.deepEqual(stdout.split("\n").slice(1), ["0", ""]);
    assert.equal(stderr, "");
  });
});

describe("colour", () => {
  test("is there in a terminal", async () => {
    const { code, screen } = await inTerminal(["--help"]);
    assert.equal(code, 0);
    assert.ok(screen.includes(escape));
  });
  test("is not there without one", async () => assert.ok(!(await slipway(["--help"])).stdout.includes(escape)));
  test("is not there where NO_COLOR is set", async () => {
    assert.ok(!(await inTerminal(["--help"], { NO_COLOR: "1" })).screen.includes(escape));
  });
  test("of an error goes with standard error", async () => {
    const { code, screen } = await inTerminal(["inspect", "/nowhere"]);
    assert.equal(code, 1);
    assert.ok(screen.startsWith(`${escape}31merror:${escape}39m nothing lies at`), screen);
  });
});

describe("progress", () => {
  test("is drawn in a terminal and taken away again", () =>
    withFolder(async (directory) => {
      await writeFile(join(directory, "model.onnx"), identityModel());
      const { screen } = await inTerminal(["inspect", join(directory, "model.onnx")], { NO_COLOR: "1" });
      const drawn = screen.split(eraseLine);
      assert.match(drawn.at(-2) ?? "", /^reading .*\[#+\] {2}100% {2}/);
      assert.ok(drawn.at(-1)?.startsWith(directory), "the line is not taken away before the answer");
    }));
  test("is silent without a terminal", () =>
    withFolder(async (directory) => {
      await writeFile(join(directory, "model.onnx"), identityModel());
      assert.equal((await slipway(["inspect", join(directory, "model.onnx")])).stderr, "");
    }));
});

test("Ctrl-C ends whatever is under way, with 130 and one word", async () => {
  // A host that takes connections and says nothing.
  const silent = createServer().listen(0, "127.0.0.1");
  const connections = new Set<Socket>();
  silent.on("connection", (socket) => connections.add(socket));
  try {
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const words = [binary, "predict", "m", "--url", `http://127.0.0.1:${port}`, "--json", "-"];
    const child = spawn(process.execPath, words, { env: environment(), stdio: ["pipe", "ignore", "pipe"] });
    child.stdin.end("[1]");
    const said = text(child.stderr);
    await once(silent, "connection");
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 130);
    assert.equal(await said, "interrupted\n");
  } finally {
    for (const socket of connections) socket.destroy();
    silent.close();
  }
});

test("a Node.js that is too old gets a sentence, not a syntax error", async () => {
  const source = (await readFile(binary, "utf8")).replace("process.versions.node.split", '"20.1.0".split');
  assert.ok(source.includes('"20.1.0"'));
  const child = spawn(process.execPath, ["--input-type=module", "-e", source.replace(/^#!.*\n/, "")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stderr = text(child.stderr);
  const [code] = (await once(child, "exit")) as [number | null];
  assert.equal(code, 1);
  assert.match(await stderr, /^slipway needs Node\.js 24 or later, and this is v/);
});
