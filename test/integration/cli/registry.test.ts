import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { load } from "js-yaml";
import { directionModels } from "../../../demo/models.ts";
import { identityModel } from "../../fixtures/models/arithmetic.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { createAuthority } from "../fetch/servers/authority.ts";
import { startCuttingProxy } from "../fetch/servers/cutting-proxy.ts";
import { fetching } from "../fetch/fetching.ts";
import { type Registry, startRegistry } from "../fetch/servers/registry.ts";
import { member, startTokenService, type TokenService } from "../fetch/servers/token-service.ts";
import { inTerminal, type Ran, slipway } from "./slipway.ts";

interface PushAnswer {
  readonly digest: string;
  readonly replaced: string | null;
  readonly version: { readonly name: string; readonly uri: string; readonly digest: string };
  readonly files: readonly { readonly name: string; readonly wasThere: boolean }[];
}

interface Inspected {
  readonly digest: string;
  readonly bytes: number;
  readonly served: { readonly isServed: boolean; readonly reason?: string };
  readonly otherFiles: readonly { readonly path: string }[];
  readonly producer: { readonly name: string };
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly dims: unknown }[];
}

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-push-"));
  await writeFile(join(directory, "model.onnx"), directionModels().v1);
});
after(() => rm(directory, { recursive: true }));

function parsed({ code, stdout, stderr }: Ran): unknown {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function pushed(...words: Parameters<typeof push>): Promise<PushAnswer> {
  return parsed(await push(...words, "-o", "json")) as PushAnswer;
}

async function inspected(uri: string, ...words: string[]): Promise<Inspected> {
  return parsed(await slipway(["inspect", uri, ...words, "-o", "json"])) as Inspected;
}

const oneWeight = { name: "w", elementType: "float32", dims: [4] } as const;
const value = { elementType: "float32", dims: [4] } as const;
const withWeights = onnxModel({
  nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
  inputs: [{ name: "x", ...value }],
  outputs: [{ name: "y", ...value }],
  initializers: [{ ...oneWeight, external: { location: "data/w.bin", length: 16 } }],
});

function push(path: string, target: string, ...words: string[]): Promise<Ran> {
  return slipway(["push", join(directory, path), target, "--plain-http", ...words]);
}

describe("a registry over plain HTTP", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.close());

  const uri = (tag: string, repository = "models/direction"): string => `oci://${registry.host}/${repository}:${tag}`;

  test("takes a model, which a pod then fetches under the digest that was printed", async () => {
    const { digest, version, replaced } = await pushed("model.onnx", uri("1"));
    assert.deepEqual([version, replaced], [{ name: "1", uri: uri("1"), digest }, null]);
    const { report, files } = await fetching({
      SLIPWAY_MODEL_URI: uri("1"),
      SLIPWAY_MODEL_DIGEST: digest,
      SLIPWAY_PLAIN_HTTP_HOSTS: registry.host,
    });
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(files.get("model.onnx"), Buffer.from(directionModels().v1));
  });

  test("prints what to paste into a manifest", async () => {
    const { code, stdout } = await push("model.onnx", uri("paste"));
    assert.equal(code, 0);
    const entry = stdout.slice(stdout.indexOf("    - name"));
    const [version] = load(entry) as [{ name: string; uri: string; digest: string }];
    assert.deepEqual([version.name, version.uri], ["paste", uri("paste")]);
    assert.ok(stdout.includes(`digest  ${version.digest}`));
  });

  test("is sent nothing that it has, and the same files have the same digest", async () => {
    const first = await pushed("model.onnx", uri("again-1"));
    const second = await pushed("model.onnx", uri("again-2"));
    assert.equal(second.digest, first.digest);
    assert.deepEqual(
      second.files.map(({ wasThere }) => wasThere),
      [true],
    );
  });

  test("takes a folder file by file, and a model with the weights that it keeps in other files", async () => {
    const folder = join(directory, "folder");
    await mkdir(join(folder, "data"), { recursive: true });
    await writeFile(join(folder, "model.onnx"), withWeights);
    await writeFile(join(folder, "data", "w.bin"), randomBytes(16));
    await writeFile(join(folder, "labels.txt"), "0\n180\n");
    const whole = await pushed("folder", uri("folder"));
    assert.deepEqual(
      whole.files.map(({ name }) => name),
      ["data/w.bin", "labels.txt", "model.onnx"],
    );
    const alone = await pushed("folder/model.onnx", uri("weights"));
    assert.deepEqual(
      alone.files.map(({ name }) => name),
      ["model.onnx", "data/w.bin"],
    );
    const found = await inspected(uri("weights"), "--plain-http");
    assert.deepEqual([found.digest, found.served.isServed], [alone.digest, true]);
    assert.deepEqual(
      found.otherFiles.map(({ path }) => path),
      ["data/w.bin"],
    );
  });

  test("is told of a tag that names other bytes now", async () => {
    const earlier = await pushed("model.onnx", uri("moved"));
    await writeFile(join(directory, "other.onnx"), identityModel());
    const { stdout } = await push("other.onnx", uri("moved"));
    assert.match(stdout, new RegExp(`The tag moved named ${earlier.digest} before\\.`));
    assert.match(stdout, /VersionReused/);
  });

  test("is sent nothing at all when the model could not be served", async () => {
    await writeFile(join(directory, "future.onnx"), identityModel({ opset: 99 }));
    const { code, stderr } = await push("future.onnx", uri("1", "models/future"));
    assert.equal(code, 1);
    assert.match(stderr, /^error: The model uses opset 99 of ai\.onnx; this server loads 1 to \d+/);
    const look = await slipway(["inspect", uri("1", "models/future"), "--plain-http"]);
    assert.match(look.stderr, /127\.0\.0\.1:\d+ has no models\/future:1\./);
  });

  test("shows its progress in a terminal", async () => {
    await writeFile(join(directory, "large.onnx"), largeModel());
    const { code, screen } = await inTerminal(["push", join(directory, "large.onnx"), uri("large"), "--plain-http"]);
    assert.equal(code, 0, screen);
    const drawn = screen.split("\r\u001b[K");
    assert.ok(
      drawn.some((line) => /^pushing 1 file, 20\.0 MiB {2}\[#+ *\] +\d+% /.test(line)),
      screen,
    );
    assert.match(stripVTControlCharacters(drawn.at(-1) ?? ""), /digest {2}sha256:[0-9a-f]{64}/);
  });

  test("shows the progress of a download in a terminal, with a bar, whatever the length of the uri", async () => {
    await writeFile(join(directory, "large.onnx"), largeModel());
    const long = uri("large", `${"team/".repeat(12)}models/large`);
    assert.equal((await push("large.onnx", long)).code, 0);
    const { code, screen } = await inTerminal(["inspect", long, "--plain-http"]);
    assert.equal(code, 0, screen);
    const drawn = screen.split("\r\u001b[K");
    // How much of the uri is left depends on the width of the figures, and so on the speed.
    assert.ok(
      drawn.some((line) => /^fetching \S*…\S+:large {2}\[#+ *\] +\d+% {2}\S+ MiB of 20\.0 MiB/.test(line)),
      screen,
    );
    assert.ok(
      drawn.slice(0, -1).every((line) => line.length < 80),
      screen,
    );
  });

  test("is not spoken to over TLS by mistake, nor without it", async () => {
    const { code, stderr } = await slipway(["push", join(directory, "model.onnx"), uri("1")]);
    assert.equal(code, 1);
    assert.match(stderr, /does not speak TLS: use --plain-http if that is meant/);
  });

  test("that cuts a connection half-way is asked again", async () => {
    const proxy = await startCuttingProxy(registry.host, { kind: "cut", afterBytes: 400, times: 2 });
    try {
      const target = `oci://${proxy.host}/models/cut:1`;
      const { code, stderr } = await slipway(["push", join(directory, "model.onnx"), target, "--plain-http"]);
      assert.equal(code, 0, stderr);
      assert.equal(proxy.broken(), 2);
      assert.match(stderr, /cut the connection \(.*\); trying again in \d+ s/);
      const look = await slipway(["inspect", uri("1", "models/cut"), "--plain-http"]);
      assert.equal(look.code, 0, look.stderr);
    } finally {
      await proxy.close();
    }
  });
});

test("a place that is none is refused before anything is read", async () => {
  const cases: readonly (readonly [target: string, code: number, says: RegExp])[] = [
    ["registry.test/m:1", 2, /write oci:\/\/HOST\/REPOSITORY:TAG/],
    [`oci://registry.test/m@sha256:${"1".repeat(64)}`, 2, /a push needs a tag, not a digest/],
    ["oci://registry.test/M:1", 1, /has a repository that is not lower-case words/],
    ["oci://me:secret@registry.test/m:1", 1, /which are not taken from a uri/],
  ];
  for (const [target, code, says] of cases) {
    const ran = await slipway(["push", "/nowhere.onnx", target]);
    assert.equal(ran.code, code, target);
    assert.match(ran.stderr, says);
    assert.ok(!ran.stderr.includes("secret"));
  }
});

test("a host that is not there is named", async () => {
  const { code, stderr } = await slipway(["push", join(directory, "model.onnx"), "oci://registry.invalid/m:1"]);
  assert.equal(code, 1);
  assert.match(stderr, /there is no host registry\.invalid: check the name in the uri/);
});

describe("a registry with TLS", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({ tls: true });
  });
  after(() => registry.close());

  test("is trusted with its authority, for a push and for a look", async () => {
    const uri = `oci://${registry.host}/models/direction:1`;
    const ca = ["--ca", registry.authority?.authorityPath ?? ""];
    const answer = parsed(
      await slipway(["push", join(directory, "model.onnx"), uri, ...ca, "-o", "json"]),
    ) as PushAnswer;
    assert.equal((await inspected(uri, ...ca)).digest, answer.digest);
  });

  test("is refused without it, with the option that helps", async () => {
    const uri = `oci://${registry.host}/models/direction:1`;
    const refused = await slipway(["push", join(directory, "model.onnx"), uri]);
    assert.match(
      refused.stderr,
      /certificate of 127\.0\.0\.1:\d+ is not trusted .*: give its certificate authority with --ca FILE/,
    );
    assert.match((await slipway(["inspect", uri])).stderr, /is not trusted .*--ca FILE/);
    assert.equal(refused.code, 1);
  });

  test("needs a file of certificates that is one", async () => {
    const { stderr } = await slipway([
      "push",
      join(directory, "model.onnx"),
      "oci://r/m:1",
      "--ca",
      join(directory, "model.onnx"),
    ]);
    assert.match(stderr, /--ca .*model\.onnx holds no PEM certificate/);
  });
});

/** A published test vector of bcrypt, which has no maker among the packages here. */
const password = "abcdefghijklmnopqrstuvwxyz";
const bcrypted = "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC";

describe("a registry that asks for a name and password", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({ passwords: `letters:${bcrypted}\n` });
  });
  after(() => registry.close());

  const pushAs = (words: readonly string[], options: Parameters<typeof slipway>[1] = {}): Promise<Ran> =>
    slipway(
      ["push", join(directory, "model.onnx"), `oci://${registry.host}/models/direction:1`, "--plain-http", ...words],
      options,
    );

  test("takes them from standard input", async () => {
    assert.equal((await pushAs(["-u", "letters", "--password-stdin"], { input: `${password}\n` })).code, 0);
  });

  test("takes them from where docker login leaves them", async () => {
    const config = join(directory, "docker");
    await mkdir(config);
    const auth = Buffer.from(`letters:${password}`).toString("base64");
    await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    assert.equal((await pushAs([], { variables: { DOCKER_CONFIG: config } })).code, 0);
    const look = await slipway(["inspect", `oci://${registry.host}/models/direction:1`, "--plain-http"], {
      variables: { DOCKER_CONFIG: config },
    });
    assert.equal(look.code, 0, look.stderr);
  });

  const inspectAs = (words: readonly string[], options: Parameters<typeof slipway>[1] = {}): Promise<Ran> =>
    slipway(["inspect", `oci://${registry.host}/models/direction:1`, "--plain-http", ...words], options);

  test("refuses nobody, and says how to log in", async () => {
    const pushing = await pushAs([]);
    assert.equal(pushing.code, 1);
    assert.match(
      pushing.stderr,
      /does not let you push .* \(status 401\)\. Log in with --username NAME --password-stdin/,
    );
    const looking = await inspectAs([]);
    assert.equal(looking.code, 1);
    assert.match(
      looking.stderr,
      /refuses anonymous access to .* \(status 401\)\. Log in with --username NAME --password-stdin, or let `docker login 127/,
    );
    assert.doesNotMatch(looking.stderr, /Secret/);
  });

  test("refuses a wrong password, and says that it was this one", async () => {
    const words = ["-u", "letters", "--password-stdin"];
    const [pushing, looking] = [await pushAs(words, { input: "wrong" }), await inspectAs(words, { input: "wrong" })];
    assert.match(
      pushing.stderr,
      /does not let you push .* \(status 401\)\. It refused this name and password: check that they are right/,
    );
    assert.match(looking.stderr, /refuses .* to this name and password \(status 401\)\. Check that they are right/);
    for (const { code, stderr } of [pushing, looking]) {
      assert.equal(code, 1);
      assert.doesNotMatch(stderr, /wrong|Secret|Log in/);
    }
  });

  test("refuses a wrong password that docker login stored, and says so", async () => {
    const config = join(directory, "stale");
    await mkdir(config);
    const auth = Buffer.from("letters:stale").toString("base64");
    await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const variables = { DOCKER_CONFIG: config };
    assert.match(
      (await pushAs([], { variables })).stderr,
      /It refused the credentials that `docker login` or `oras login` stored: check/,
    );
    assert.match(
      (await inspectAs([], { variables })).stderr,
      /to the credentials that `docker login` or `oras login` stored \(status 401\)\. Check/,
    );
  });

  test("needs both halves", async () => {
    assert.equal((await pushAs(["-u", "letters"])).code, 2);
    assert.equal((await pushAs(["--password-stdin"], { input: "x" })).code, 2);
    assert.match((await pushAs(["-u", "letters", "--password-stdin"])).stderr, /standard input is empty/);
  });
});

describe("a registry that sends for a token", () => {
  let tokens: TokenService;
  let registry: Registry;
  before(async () => {
    const authority = await createAuthority(join(directory, "authority"));
    tokens = await startTokenService(authority);
    registry = await startRegistry({
      tokenService: { realm: tokens.realm, rootCertificates: authority.authorityPath },
    });
  });
  after(async () => {
    await registry.close();
    await tokens.close();
  });

  test("gets one that may push, for who shows a name and password", async () => {
    const uri = `oci://${registry.host}/private/direction:1`;
    const words = [
      "push",
      join(directory, "model.onnx"),
      uri,
      "--plain-http",
      "-u",
      member.username,
      "--password-stdin",
    ];
    const { code, stderr } = await slipway(words, { input: member.password });
    assert.equal(code, 0, stderr);
    assert.ok(
      tokens.asked.some((query) => query.includes("private%2Fdirection%3Apull%2Cpush")),
      tokens.asked.join("\n"),
    );
  });

  test("lets nobody else push", async () => {
    const words = ["push", join(directory, "model.onnx"), `oci://${registry.host}/private/direction:1`, "--plain-http"];
    const { code, stderr } = await slipway(words);
    assert.equal(code, 1);
    assert.match(stderr, /does not let you push|gives no token/);
  });
});

/** Twenty megabytes: some moments on the way, so that progress has something to show. */
function largeModel(): Uint8Array {
  const elements = 5 * 1024 ** 2 - 100;
  const weight = { name: "w", elementType: "float32", dims: [elements], raw: randomBytes(4 * elements) } as const;
  const many = { elementType: "float32", dims: [elements] } as const;
  return onnxModel({
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [{ name: "x", ...many }],
    outputs: [{ name: "y", ...many }],
    initializers: [weight],
  });
}
