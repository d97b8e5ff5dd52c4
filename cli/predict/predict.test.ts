import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { commands } from "../commands.ts";
import { run } from "../run.ts";
import { testEdge } from "../test-edge.ts";
import { blue, picture, png, red } from "./test-picture.ts";

describe("the command", () => {
  interface Seen {
    readonly url: string | undefined;
    readonly body: string;
  }
  const seen: Seen[] = [];
  let metadata: object = { inputs: [{ name: "x", datatype: "FP32", shape: [-1, 3, 1, 2] }], outputs: [] };
  let reply: readonly [status: number, body: string] = [200, '{"predictions":[1]}'];
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    seen.push({ url: request.url, body: await text(request) });
    const [status, content] = request.method === "GET" ? [200, JSON.stringify(metadata)] : reply;
    response.writeHead(status, { "content-type": "application/json" }).end(content);
  };
  const server = createServer((request, response) => {
    void answerTo(request, response);
  }).listen(0, "127.0.0.1");
  const directory = mkdtemp(join(tmpdir(), "slipway-predict-"));
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(await directory, { recursive: true });
  });

  const ask = async (
    words: readonly string[],
    input = "",
  ): Promise<{ code: number; written: string; said: string }> => {
    if (!server.listening) await once(server, "listening");
    const edge = testEdge({ input });
    const { port } = server.address() as AddressInfo;
    const code = await run(["predict", "digits", "--url", `http://127.0.0.1:${port}`, ...words], edge, {
      commands,
      version: "0",
    });
    return { code, written: edge.written(), said: edge.said() };
  };

  test("sends a picture as the model's metadata asks for it", async () => {
    const file = join(await directory, "a.png");
    await writeFile(file, png(picture(2, 1, [red, blue])));
    reply = [200, '{"outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[0.25,0.75]}]}'];
    const { code, written } = await ask(["--image", file]);
    assert.deepEqual([code, written], [0, "y  FP32  [1, 2]\n  CLASS  SCORE\n  1      0.75\n  0      0.25\n"]);
    assert.deepEqual(
      seen.slice(-2).map(({ url }) => url),
      ["/v2/models/digits", "/v2/models/digits/infer"],
    );
    assert.equal((await ask(["--image", file, "-o", "json"])).written, `${reply[1]}\n`);
    metadata = { inputs: [1, 2].map((n) => ({ name: `x${n}`, datatype: "FP32", shape: [1] })), outputs: [] };
    assert.match((await ask(["--image", file])).said, /the model has 2 inputs \(x1, x2\): --image fills one/);
  });

  test("sends JSON from standard input", async () => {
    reply = [200, '{"predictions":[1]}'];
    const said = "predict: 0.0 ms, 20 B sent, 19 B received\n";
    assert.deepEqual(await ask(["--json", "-"], "[1,2]"), { code: 0, written: '{"predictions":[1]}\n', said });
    // The metadata, which gives names to what was answered, comes behind it.
    assert.deepEqual(seen.at(-2), { url: "/predict", body: '{"input_data":[1,2]}' });
  });

  test("shows the server's own words when it refuses", async () => {
    reply = [400, '{"error":"input \\"x\\" has shape [1]","code":"WrongShape"}'];
    const { code, said } = await ask(["--json", "-"], "[1]");
    assert.equal(code, 1);
    assert.match(said, /refused the request: input "x" has shape \[1\]\n$/);
    reply = [502, "<html>"];
    assert.match((await ask(["--json", "-"], "[1]")).said, /answered with status 502: <html>/);
  });

  const misuses: readonly (readonly [words: readonly string[], says: RegExp])[] = [
    [[], /Give either --image FILE or --json FILE/],
    [["--json", "a", "--image", "b"], /Give either/],
    [["--json", "-", "--size", "224"], /--size "224": write HEIGHTxWIDTH, as in 224x224/],
    [["--json", "-", "--size", "0x5"], /--size "0x5"/],
    [["--json", "-", "--mean", "a"], /--mean "a": numbers with commas between/],
    [["--json", "-", "--std", "1,0"], /none of them 0/],
    [["--json", "-", "--namespace", "x"], /leave out --namespace/],
  ];
  for (const [words, says] of misuses) {
    test(`is written wrongly: ${words.join(" ")}`, async () => {
      const { code, said } = await ask(words);
      assert.equal(code, 2);
      assert.match(said, says);
    });
  }

  test("says that nobody listens, and what is no URL", async () => {
    const edge = testEdge({ input: "[1]" });
    assert.equal(
      await run(["predict", "m", "--url", "http://127.0.0.1:1", "--json", "-"], edge, { commands, version: "0" }),
      1,
    );
    assert.match(edge.said(), /nothing listens at 127\.0\.0\.1:1/);
    const wrong = testEdge();
    assert.equal(
      await run(["predict", "m", "--url", "localhost", "--json", "-"], wrong, { commands, version: "0" }),
      2,
    );
  });
});
