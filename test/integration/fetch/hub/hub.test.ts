import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { downloadFile, modelInfo } from "@huggingface/hub";
import type { FailureReason } from "../../../../server/contract.ts";
import { tarOf } from "../../../fixtures/oci.ts";
import { assertFails, assertFolder, assertModel, fetching, sha256 } from "../fetching.ts";
import { serve } from "../servers/file-server.ts";
import { hubToken } from "../servers/hub-server.ts";
import { commits, fetchModel, first, folder, hub, impatient, second, small } from "./repositories.ts";

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

function silent(): void {}
