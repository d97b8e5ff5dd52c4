import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { downloadFile, listFiles, modelInfo } from "@huggingface/hub";
import type { FailureReason } from "../../../../server/contract.ts";
import { tarOf } from "../../../fixtures/oci.ts";
import { startCuttingProxy } from "../servers/cutting-proxy.ts";
import {
  assertFails,
  assertFolder,
  assertModel,
  assertSentOnce,
  type Fetched,
  fetching,
  type FetchingOptions,
  sha256,
} from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { type HubServer, hubToken, startHubServer } from "../servers/hub-server.ts";
import { externalDataModel, paddedModel } from "../models.ts";

const impatient = { idleMilliseconds: 2000, retryDelaysMilliseconds: [20, 20, 20] };
const mebibyte = 1024 ** 2;

const [first, second] = [paddedModel(3 * mebibyte), paddedModel(3 * mebibyte)];
const commits = { old: commitOf("old"), fresh: commitOf("fresh") };
const folder = externalDataModel("model.onnx_data");
const small = paddedModel(1000);

let hub: HubServer;
before(async () => {
  hub = await startHubServer();
});
after(() => hub.close());
beforeEach(() => {
  hub.repositories.clear();
  hub.repositories.set("team/direction", {
    commits: {
      [commits.old]: { "README.md": Buffer.from("# old"), "model.onnx": first },
      [commits.fresh]: {
        "README.md": Buffer.from("# fresh"),
        "model.onnx": second,
        "onnx/model.onnx": folder["model.onnx"] ?? Buffer.alloc(0),
        "onnx/model.onnx_data": folder["model.onnx_data"] ?? Buffer.alloc(0),
        "small/größe & 50%.onnx": small,
      },
    },
    references: { main: commits.fresh, "v1.0": commits.old, "refs/pr/1": commits.old },
  });
  for (const access of ["private", "gated"] as const) {
    const files = { "model.onnx": first };
    hub.repositories.set(`team/${access}`, {
      commits: { [commits.old]: files },
      references: { main: commits.old },
      access,
    });
  }
});

function fetchModel(
  path: string,
  { endpoint = hub, ...options }: FetchingOptions & { readonly endpoint?: { readonly host: string } } = {},
): Promise<Fetched> {
  return fetching(
    {
      SLIPWAY_MODEL_URI: `hf://${path}`,
      SLIPWAY_PLAIN_HTTP_HOSTS: `${hub.host},${hub.storage.host},${endpoint.host}`,
      HF_ENDPOINT: `http://${endpoint.host}`,
    },
    { limits: impatient, ...options },
  );
}

describe("the Hub's own client", () => {
  test("finds the same commit, files and bytes on the server that these tests use", async () => {
    const address = { hubUrl: hub.origin, accessToken: hubToken };
    const info = await modelInfo({
      name: "team/direction",
      revision: "v1.0",
      additionalFields: ["sha", "filePaths"],
      ...address,
    });
    assert.equal(info.sha, commits.old);
    assert.deepEqual(info.filePaths, ["README.md", "model.onnx"]);
    for (const path of ["model.onnx", "small/größe & 50%.onnx"]) {
      const blob = await downloadFile({
        repo: "team/direction",
        path: encodeURIComponent(path).replaceAll("%2F", "/"),
        revision: "main",
        ...address,
      });
      const fetched = await fetchModel(`team/direction@main/${path}`);
      assert.ok(blob && fetched.report.ok, JSON.stringify(fetched.report));
      assert.equal(fetched.report.digest, sha256(new Uint8Array(await blob.arrayBuffer())));
    }
    assert.equal(await downloadFile({ repo: "team/direction", path: "nothing", ...address }), null);
    await assert.rejects(modelInfo({ name: "team/private", hubUrl: hub.origin }), { statusCode: 401 });
  });
});

describe("a repository", () => {
  test("gives a file of its main branch, whose digest is that of its bytes", async () => {
    assertModel(await fetchModel("team/direction/model.onnx"), second);
  });

  for (const revision of ["v1.0", "refs%2Fpr%2F1", commits.old]) {
    test(`gives a file of ${revision}`, async () => {
      const seen = hub.seen.length;
      assertModel(await fetchModel(`team/direction@${revision}/model.onnx`), first);
      assert.equal(hub.seen[seen + 1], `/team/direction/resolve/${commits.old}/model.onnx`);
    });
  }

  test("gives a folder with external data", async () => {
    assertFolder(await fetchModel("team/direction/onnx"), folder);
    assertFolder(await fetchModel("team/direction/onnx/"), folder);
  });

  test("gives a small file, which the Hub keeps itself, whatever it is called", async () => {
    assertModel(await fetchModel("team/direction/small/größe & 50%.onnx"), small, "größe & 50%.onnx");
  });

  test("gives itself as a whole", async () => {
    assertFolder(await fetchModel("team/direction@v1.0"), { "README.md": Buffer.from("# old"), "model.onnx": first });
  });

  test("gives a folder packed into a file", async () => {
    const tar = await tarOf(Object.entries(folder).map(([name, content]) => ({ header: { name }, content })));
    const files = { "model.tar.gz": gzipSync(tar) };
    hub.repositories.set("team/packed", { commits: { [commits.old]: files }, references: { main: commits.old } });
    assertFolder(await fetchModel("team/packed/model.tar.gz"), folder);
  });

  test("gives all files of one commit, although it moves on meanwhile", async () => {
    const moving = hub.repositories.get("team/direction");
    assert.ok(moving);
    const log = {
      // Told after the revision was resolved, before the first file.
      info: () => void hub.repositories.set("team/direction", { ...moving, references: { main: commits.old } }),
      warn: silent,
      error: silent,
    };
    assertModel(await fetchModel("team/direction/model.onnx", { log }), second);
    assertModel(await fetchModel("team/direction/model.onnx"), first);
  });
});

describe("the token of the Secret", () => {
  for (const key of ["HF_TOKEN", "token"]) {
    test(`opens what is closed, by the key ${key}, and never reaches the storage`, async () => {
      const seen = hub.storage.seen.length;
      for (const access of ["private", "gated"]) {
        assertModel(await fetchModel(`team/${access}/model.onnx`, { secret: { [key]: hubToken } }), first);
      }
      const authorizations = hub.storage.seen.slice(seen).map(({ authorization }) => authorization);
      assert.deepEqual(authorizations, [undefined, undefined]);
    });
  }

  const refused: readonly [string, string, string | undefined, FailureReason, RegExp][] = [
    [
      "a private repository without it",
      "team/private/model.onnx",
      undefined,
      "Unauthorized",
      /"team\/private" at .* does not exist, or is private \(status 401\)\. Put a token .* as HF_TOKEN into a Secret/,
    ],
    [
      "a gated one without it",
      "team/gated/model.onnx",
      undefined,
      "Unauthorized",
      /is gated \(status 401\)\. Accept its terms/,
    ],
    [
      "a wrong one",
      "team/private/model.onnx",
      "hf_of_nobody",
      "Unauthorized",
      /is closed to the token of the source's Secret \(status 401\)/,
    ],
    [
      "a repository that is not there",
      "team/nothing/model.onnx",
      hubToken,
      "NotFound",
      /\(RepoNotFound\) has no "team\/nothing@main"/,
    ],
  ];
  for (const [what, path, token, reason, message] of refused) {
    test(`and ${what}`, async () => {
      const fetched = await fetchModel(path, token === undefined ? {} : { secret: { HF_TOKEN: token } });
      assertFails(fetched, reason, message);
      assert.equal(fetched.log.length, 1);
    });
  }
});

describe("what is refused", () => {
  test("a revision and a path that are not there", async () => {
    assertFails(
      await fetchModel("team/direction@v9/model.onnx"),
      "NotFound",
      /\(RevisionNotFound\) has no "team\/direction@v9"/,
    );
    assertFails(
      await fetchModel("team/direction/mod"),
      "NotFound",
      /Nothing lies at or below "team\/direction@main\/mod\/"/,
    );
  });

  test("a folder and a file that are too large", async () => {
    const limits = { ...impatient, totalBytes: 1_000_000 };
    assertFails(await fetchModel("team/direction@v1.0", { limits }), "TooLarge", /2 files with \d+ bytes, more than/);
    assertFails(
      await fetchModel("team/direction@v1.0/model.onnx", { limits }),
      "TooLarge",
      /1000000 bytes that are allowed/,
    );
  });

  test("a digest other than the Hub tells, before a byte is downloaded", async () => {
    const seen = hub.storage.seen.length;
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: "hf://team/direction/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: `${hub.host},${hub.storage.host}`,
        SLIPWAY_RECORDED_DIGEST: sha256(first),
        HF_ENDPOINT: hub.origin,
      },
      { limits: impatient },
    );
    assertFails(fetched, "VersionReused", /first resolved to sha256:/);
    assert.equal(hub.storage.seen.length, seen);
  });

  test("a packed model under the name of one that is not", async () => {
    const files = { "model.onnx": gzipSync(first), "model.onnx.gz": gzipSync(first) };
    hub.repositories.set("team/packed", { commits: { [commits.old]: files }, references: { main: commits.old } });
    assertFails(
      await fetchModel("team/packed/model.onnx"),
      "NotAModel",
      /"team\/packed\/model\.onnx" is called \.onnx, but is packed.*call it \.onnx\.gz/,
    );
    assertModel(await fetchModel("team/packed/model.onnx.gz"), first);
  });

  test("bytes other than the Hub tells", async () => {
    const lying = await serve((request, response) => {
      if (request.url?.startsWith("/api/") !== true) response.end(first);
      else {
        const lfs = { sha256: sha256(second).slice("sha256:".length), size: second.byteLength };
        response.end(JSON.stringify({ sha: commits.old, siblings: [{ rfilename: "m.onnx", size: lfs.size, lfs }] }));
      }
    });
    try {
      const fetched = await fetchModel("team/direction/m.onnx", { endpoint: lying });
      assertFails(
        fetched,
        "DigestMismatch",
        /lists "team\/direction\/m\.onnx" with the digest sha256:.*copy is damaged/,
      );
    } finally {
      await lying.close();
    }
  });

  test("an endpoint that is no Hub", async () => {
    for (const answer of ["<html>", "{}", '{"sha":"main","siblings":[]}', '{"siblings":[{}]}']) {
      const other = await serve((_request, response) => void response.end(answer));
      try {
        const fetched = await fetchModel("team/direction/model.onnx", { endpoint: other });
        assertFails(fetched, "SourceUnavailable", /does not answer as a Hugging Face Hub does.*Check HF_ENDPOINT/);
      } finally {
        await other.close();
      }
    }
  });

  const uris = [
    "hf://model.onnx",
    "hf://team",
    "hf://team/",
    "hf://team/m@/x",
    "hf://team/m@a@b/x",
    "hf://team/m@%zz/x",
    "hf://team/m/../../x",
    "hf://../m/x",
  ];
  for (const uri of uris) {
    test(uri, async () => {
      const fetched = await fetching({ SLIPWAY_MODEL_URI: uri }, { limits: impatient });
      assertFails(fetched, "UnsupportedSource", /Write hf:\/\/owner\/name\[@revision\]\/path/);
    });
  }
});

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

test("a mirror that does not tell sizes gives a folder all the same", async () => {
  const files: Readonly<Record<string, Uint8Array>> = folder;
  const mirror = await serve((request, response) => {
    const name = request.url?.split("/").at(-1) ?? "";
    if (request.url?.startsWith("/api/") !== true) response.end(files[name]);
    else {
      const siblings = Object.keys(files).map((path) => ({ rfilename: `onnx/${path}` }));
      response.end(JSON.stringify({ sha: commits.old, siblings }));
    }
  });
  try {
    assertFolder(await fetchModel("team/direction/onnx", { endpoint: mirror }), folder);
    const limits = { ...impatient, totalBytes: 1000 };
    assertFails(await fetchModel("team/direction/onnx", { endpoint: mirror, limits }), "TooLarge", /1000 bytes/);
  } finally {
    await mirror.close();
  }
});

test("a connection to the storage that is cut goes on where it broke", async () => {
  const proxy = await startCuttingProxy(hub.storage.host, { kind: "cut", afterBytes: mebibyte, times: 2 });
  const redirecting = await serve((request, response) => {
    if (request.url?.startsWith("/api/") === true) {
      response.end(
        JSON.stringify({ sha: commits.old, siblings: [{ rfilename: "model.onnx", size: first.byteLength }] }),
      );
    } else response.writeHead(302, { location: `http://${proxy.host}/model.onnx?Signature=1` }).end();
  });
  // No validator is needed: a commit names its bytes for ever.
  hub.storage.files.set("/model.onnx", { content: first, validator: "none" });
  try {
    const fetched = await fetching(
      {
        SLIPWAY_MODEL_URI: "hf://team/direction/model.onnx",
        SLIPWAY_PLAIN_HTTP_HOSTS: `${redirecting.host},${proxy.host}`,
        HF_ENDPOINT: redirecting.origin,
      },
      { limits: impatient },
    );
    assertModel(fetched, first);
    assert.equal(proxy.broken(), 2);
    assertSentOnce(proxy.passed(), first.byteLength);
  } finally {
    await redirecting.close();
    await proxy.close();
  }
});

function commitOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

function silent(): void {}
