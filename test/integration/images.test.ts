import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { imageLocales } from "../../server/engine/session/missing-locale.ts";
import { stageOperator, stageServer } from "../../images/stage.ts";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { baseImage } from "../cluster/image/base.ts";
import { buildImage, localName } from "../cluster/image/build.ts";
import { buildah } from "../cluster/image/storage.ts";
import { stringNormalizerModel, tfidfModel } from "../fixtures/models/words.ts";
import { post, startServer } from "./server/harness.ts";

/** As `docker save` and a registry count it, in bytes. The server's is a promise; the operator's keeps it small. */
const compressedBytes = { server: 90e6, operator: 60e6 };

interface Built {
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
  readonly config: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>>;
  };
  /** Paths of the files that lie in the image under /app and /usr/local. */
  readonly files: readonly string[];
  /** What there only root can read, or enter. */
  readonly closed: readonly string[];
}

describe("images", () => {
  const built = new Map<string, Built>();
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-images-"));
    const base = await baseImage();
    for (const [half, stage] of Object.entries({ server: stageServer, operator: stageOperator })) {
      const context = join(directory, half);
      // As on a machine whose new files are nobody else's to read.
      const usual = process.umask(0o077);
      await stage(repositoryDirectory, context).finally(() => process.umask(usual));
      const tag = `slipway-${half}:images-test`;
      await buildImage({
        dockerfile: join(repositoryDirectory, "images", `${half}.Dockerfile`),
        context,
        tag,
        buildArgs: { BASE: base },
      });
      built.set(half, await inspect(tag, join(directory, `${half}-image`)));
    }
  });
  after(async () => {
    for (const half of built.keys()) await buildah("rmi", [localName(`slipway-${half}:images-test`)]);
    await rm(directory, { recursive: true });
  });

  for (const [half, bound] of Object.entries(compressedBytes)) {
    test(`the ${half}'s is at most ${bound / 1e6} MB compressed`, () => {
      const bytes = (built.get(half)?.layers ?? []).reduce((sum, { size }) => sum + size, 0);
      assert.ok(bytes > 10e6 && bytes <= bound, `${bytes} bytes`);
    });

    test(`the ${half}'s runs as a user that is not root, by number`, () => {
      assert.equal(built.get(half)?.config.User, "65532:65532");
      const entrypoint = built.get(half)?.config.Entrypoint ?? [];
      assert.deepEqual([entrypoint.at(0), entrypoint.at(-1)], ["/usr/local/bin/node", "/app/main.mjs"]);
      assert.equal(built.get(half)?.config.Labels?.["org.opencontainers.image.title"], `slipway-${half}`);
    });

    test(`the ${half}'s is all readable to that user`, () => {
      assert.deepEqual(built.get(half)?.closed, []);
    });
  }

  test("the server's cannot send telemetry, and serves when nothing else is said", () => {
    assert.ok(built.get("server")?.config.Env?.includes("ORT_DISABLE_TELEMETRY=1"));
    assert.deepEqual(built.get("server")?.config.Cmd, ["serve"]);
  });

  describe("the server's, started read-only as its user", () => {
    let container: string;
    let root: string;
    before(async () => {
      container = (await buildah("from", [localName("slipway-server:images-test")])).stdout.trim();
      root = (await buildah("mount", [container])).stdout.trim();
    });
    after(() => buildah("rm", [container]));
    const start = (model: Uint8Array): ReturnType<typeof startServer> => {
      const { Entrypoint = [], Cmd = [], Env = [], User = "" } = built.get("server")?.config ?? {};
      const image = { root, command: [...Entrypoint, ...Cmd], environment: Env, user: User };
      return startServer({ files: { "model.onnx": model }, image });
    };

    for (const locale of [undefined, ...imageLocales]) {
      test(`changes the case of strings by the locale ${locale ?? "that is asked for when none is named"}`, async () => {
        const attributes = { case_change_action: "LOWER", ...(locale === undefined ? {} : { locale }) };
        const server = await start(stringNormalizerModel(attributes));
        const { json } = await post(`${server.url}/v1/models/m:predict`, { instances: ["Äb", "ÇĞ Жя ΣÉ"] });
        assert.deepEqual((await server.stop()).code, 0);
        assert.deepEqual(json, { predictions: ["äb", "çğ жя σé"] });
      });
    }

    // scikit-learn 1.x, TfidfVectorizer().fit(["Äpfel und Birnen", "ÄPFEL und Öl", "Öl"]), of the words of a text.
    test("weighs the words of a text as scikit-learn does", async () => {
      const server = await start(
        tfidfModel(
          ["birnen", "und", "äpfel", "öl"],
          [1.6931471805599454, 1.2876820724517808, 1.2876820724517808, 1.2876820724517808],
        ),
      );
      const inputs = [{ name: "words", datatype: "BYTES", shape: [4], data: ["ÄPFEL", "ÖL", "Öl", "unbekannt"] }];
      const { json } = await post(`${server.url}/v2/models/m/infer`, { inputs });
      await server.stop();
      const [weights] = (json as { readonly outputs: readonly { readonly data: readonly number[] }[] }).outputs;
      const rounded = weights?.data.map((weight) => weight.toFixed(6));
      assert.deepEqual(rounded, ["0.000000", "0.000000", "0.447214", "0.894427"]);
    });
  });

  test("the server's has this platform's libraries only", () => {
    const libraries = (built.get("server")?.files ?? []).filter((path) =>
      /\.(?:so(?:\.\d+)*|node|dll|dylib)$/.test(path),
    );
    const folder = `app/node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`;
    assert.deepEqual(libraries.toSorted(), [`${folder}/libonnxruntime.so.1`, `${folder}/onnxruntime_binding.node`]);
  });

  test("both share base and Node.js", () => {
    const [server, operator] = ["server", "operator"].map((half) =>
      (built.get(half)?.layers ?? []).map(({ digest }) => digest),
    );
    assert.deepEqual(server?.slice(0, 2), operator?.slice(0, 2));
  });
});

async function inspect(tag: string, copy: string): Promise<Built> {
  await buildah("push", ["--format", "oci", localName(tag), `dir:${copy}`]);
  const manifest = JSON.parse(await readFile(join(copy, "manifest.json"), "utf8")) as {
    readonly config: { readonly digest: string };
    readonly layers: Built["layers"];
  };
  const config = await readFile(join(copy, manifest.config.digest.slice("sha256:".length)), "utf8");
  const files: string[] = [];
  const closed: string[] = [];
  for (const { digest } of manifest.layers) {
    const { stdout } = await run("tar", ["-tvzf", join(copy, digest.slice("sha256:".length))]);
    for (const [, mode = "", path = ""] of stdout.matchAll(/^(\S+)(?: +\S+){4} ((?:app|usr\/local)\/.*)$/gm)) {
      if (!path.endsWith("/")) files.push(path);
      if (!/^(?:-.{6}r|d.{6}r.x|l)/.test(mode)) closed.push(`${mode} ${path}`);
    }
  }
  return { layers: manifest.layers, config: (JSON.parse(config) as { config: Built["config"] }).config, files, closed };
}
