import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { listFiles } from "@huggingface/hub";
import { assertFails, assertFolder, assertModel, sha256 } from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { externalDataModel } from "../models.ts";
import { commits, fetchModel, first, folder, hub, small } from "./repositories.ts";

describe("a repository of more files than the Hub names in one answer", () => {
  const names = Array.from({ length: 1200 }, (_, at) => `a/${String(at).padStart(4, "0")}.txt`);
  const many = Object.fromEntries(names.map((name) => [name, Buffer.from(name)]));
  const deep = {
    ...externalDataModel("weights/1/data.bin"),
    "config.json": Buffer.from("{}"),
    "größe & 50%.txt": small,
  };
  const below = Object.fromEntries(Object.entries(deep).map(([name, content]) => [`onnx/${name}`, content]));
  const large = {
    commits: { [commits.old]: { ...many, ...below, "z.onnx": first } },
    references: { main: commits.old },
    siblings: 1000,
  };
  beforeEach(() => void hub.repositories.set("team/large", large));

  test("is listed by the Hub's own client as by ours", async () => {
    const found: Record<string, readonly [number, string | undefined]> = {};
    const address = { repo: "team/large", path: "onnx", recursive: true, hubUrl: hub.origin };
    // It follows links wherever they lead, and they lead by the name that the Hub has for itself.
    const follow: typeof fetch = (url, init) =>
      fetch((url instanceof Request ? url.url : url.toString()).replace("https://hub.invalid", hub.origin), init);
    for await (const { type, path, size, lfs } of listFiles({ ...address, fetch: follow }))
      if (type === "file") found[path] = [size, lfs?.oid];
    const digest = (content: Uint8Array): string => sha256(content).slice("sha256:".length);
    assert.deepEqual(
      found,
      Object.fromEntries(
        Object.entries(below).map(([path, content]) => {
          const isLarge = content.byteLength >= 10_000;
          return [path, [content.byteLength, isLarge ? digest(content) : undefined]];
        }),
      ),
    );
  });

  test("gives a folder whose names were left out", async () => {
    assertFolder(await fetchModel("team/large/onnx"), deep);
    assertFolder(await fetchModel("team/large/onnx/"), deep);
  });

  test("gives a folder whose names were left out in part", async () => {
    hub.repositories.set("team/large", { ...large, siblings: names.length + 2 });
    assertFolder(await fetchModel("team/large/onnx"), deep);
  });

  test("gives a file whose name was left out", async () => {
    assertModel(await fetchModel("team/large/z.onnx"), first, "z.onnx");
    assertFails(await fetchModel("team/large/y.onnx"), "NotFound", /has no "team\/large@main\/y\.onnx"/);
  });

  test("is not listed without end", async () => {
    assertFails(await fetchModel("team/large"), "SourceUnavailable", /more than 100 pages, so the folder may not be/);
  });

  for (const [what, next] of [
    ["the page itself", "https://hub.invalid/x?recursive=true"],
    ["a page that was there", "https://hub.invalid/x?recursive=true&cursor=0"],
    ["no address", "https://[/"],
  ] as const) {
    test(`is not taken for whole where the next page is ${what}`, async () => {
      hub.repositories.set("team/large", { ...large, next });
      const fetched = await fetchModel("team/large/onnx");
      assertFails(
        fetched,
        "SourceUnavailable",
        /^The listing of "team\/large@main\/onnx" leads in a circle, or nowhere/,
      );
      assert.equal(fetched.files.size, 0);
    });
  }
});

test("an answer that names another page of itself is not taken for the whole", async () => {
  const paged = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? "/", hub.origin);
    if (!pathname.includes("/revision/")) {
      response.writeHead(307, { location: `${hub.origin}${request.url}` }).end();
      return;
    }
    response.setHeader("link", `<${hub.origin}${pathname}?page=2>; rel="next"`);
    response.end(JSON.stringify({ sha: commits.fresh, siblings: [{ rfilename: "onnx/model.onnx" }] }));
  });
  try {
    assertFolder(await fetchModel("team/direction/onnx", { endpoint: paged }), folder);
  } finally {
    await paged.close();
  }
});
