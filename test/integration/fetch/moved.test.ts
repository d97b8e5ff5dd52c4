/**
 * A reference that moves: pods that come later get the bytes that the version stands for, as long as the source has them,
 * and say that the reference leads elsewhere by now.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { pushArtifact } from "../../fixtures/oci.ts";
import { assertFails, assertFolder, assertModel, type Fetched, fetching, sha256 } from "./fetching.ts";
import { type HubServer, startHubServer } from "./servers/hub-server.ts";
import { paddedModel } from "./models.ts";
import { type Registry, startRegistry } from "./servers/registry.ts";
import { region, type S3Server, startS3Server } from "./servers/s3-server.ts";

const [first, second] = [paddedModel(30_000), paddedModel(30_000)];
/** Nothing here is worth waiting for. */
const limits = { retryDelaysMilliseconds: [20] };

/** The record as the operator keeps it of a report. */
function recorded({ report }: Fetched): Record<string, string> {
  assert.ok(report.ok && report.stage === "Download", JSON.stringify(report));
  return {
    SLIPWAY_RECORDED_DIGEST: report.digest,
    ...(report.pin === undefined ? {} : { SLIPWAY_RECORDED_PIN: report.pin }),
  };
}

function assertWarns({ report }: Fetched, warning: RegExp | undefined): void {
  assert.ok(report.ok && report.stage === "Download", JSON.stringify(report));
  if (warning === undefined) assert.equal(report.warning, undefined);
  else assert.match(report.warning ?? "", warning);
}

describe("a tag", () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.close());

  const push = (tag: string, content: Uint8Array): ReturnType<typeof pushArtifact> =>
    pushArtifact({
      registry: registry.host,
      repository: "models/direction",
      plainHttp: true,
      tag,
      files: [{ name: "model.onnx", content }],
    });
  const fetchTag = (tag: string, environment: Readonly<Record<string, string>> = {}): Promise<Fetched> =>
    fetching(
      {
        SLIPWAY_MODEL_URI: `oci://${registry.host}/models/direction:${tag}`,
        SLIPWAY_PLAIN_HTTP_HOSTS: registry.host,
        ...environment,
      },
      { limits },
    );

  for (const name of ["SLIPWAY_RECORDED_DIGEST", "SLIPWAY_MODEL_DIGEST"]) {
    test(`that was moved does not matter to who has a digest (${name})`, async () => {
      const tag = name.toLowerCase();
      const { digest } = await push(tag, first);
      const known = { [name]: digest };
      assertWarns(await fetchTag(tag, known), undefined);
      const moved = await push(tag, second);
      const later = await fetchTag(tag, known);
      assert.deepEqual(later.files.get("model.onnx"), first);
      assert.equal(later.report.ok && later.report.digest, digest);
      assertWarns(later, new RegExp(`direction:${tag} leads to ${moved.digest} by now; .* goes on with ${digest}`));
      const anew = await fetchTag(tag);
      assert.deepEqual(anew.files.get("model.onnx"), second, "who has none takes what the tag names");
    });
  }

  test("that is gone is a warning", async () => {
    const { digest } = await push("short-lived", first);
    await registry.forgetTag("models/direction", "short-lived");
    const fetched = await fetchTag("short-lived", { SLIPWAY_RECORDED_DIGEST: digest });
    assert.deepEqual(fetched.files.get("model.onnx"), first);
    assertWarns(fetched, /direction:short-lived leads to nothing by now/);
    assertFails(await fetchTag("short-lived"), "NotFound", /has no models\/direction:short-lived/);
  });

  test("whose recorded manifest is gone is judged by what it names", async () => {
    const { digest } = await push("kept", first);
    await registry.forgetManifest("models/direction", digest);
    await push("kept", first);
    assertWarns(await fetchTag("kept", { SLIPWAY_RECORDED_DIGEST: digest }), undefined);
  });
});

describe("a branch of the Hub", () => {
  const [old, fresh] = ["a", "b"].map((digit) => digit.repeat(40)) as [string, string];
  const readme = (text: string): Buffer => Buffer.from(`# ${text}`);
  let hub: HubServer;
  before(async () => {
    hub = await startHubServer();
  });
  after(() => hub.close());

  const publish = (commits: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>, main: string): void => {
    hub.repositories.set("team/direction", { commits, references: { main } });
  };
  const fetchPath = (path: string, environment: Readonly<Record<string, string>> = {}): Promise<Fetched> =>
    fetching(
      {
        SLIPWAY_MODEL_URI: `hf://team/direction${path}`,
        SLIPWAY_PLAIN_HTTP_HOSTS: `${hub.host},${hub.storage.host}`,
        HF_ENDPOINT: hub.origin,
        ...environment,
      },
      { limits },
    );
  const unmoved = { "README.md": readme("old"), "model.onnx": first };

  test("that moved does not matter to a file or a folder of a recorded commit", async () => {
    for (const path of ["/model.onnx", ""]) {
      publish({ [old]: unmoved }, old);
      const record = recorded(await fetchPath(path));
      assert.equal(record["SLIPWAY_RECORDED_PIN"], old);
      publish({ [old]: unmoved, [fresh]: { "README.md": readme("new!"), "model.onnx": second } }, fresh);
      const later = await fetchPath(path, record);
      if (path === "") assertFolder(later, unmoved);
      else assertModel(later, first);
      assertWarns(later, new RegExp(`direction@main leads to commit ${fresh} by now; .* goes on with ${old}`));
      assert.deepEqual(recorded(later), record);
    }
  });

  test("that moved for another file than the model's is no warning", async () => {
    publish({ [old]: unmoved }, old);
    const record = recorded(await fetchPath("/model.onnx"));
    publish({ [old]: unmoved, [fresh]: { ...unmoved, "README.md": readme("and more") } }, fresh);
    const later = await fetchPath("/model.onnx", record);
    assertModel(later, first);
    assertWarns(later, undefined);
  });

  test("whose recorded commit is gone is resolved anew, and its bytes are judged", async () => {
    publish({ [old]: unmoved }, old);
    const record = recorded(await fetchPath("/model.onnx"));
    for (const unknown of [
      [404, "RevisionNotFound"],
      [410, "RevisionNotFound"],
      [400, "RevisionNotFound"],
      [401, "RepoNotFound"],
    ] as const) {
      hub.repositories.set("team/direction", { commits: { [fresh]: unmoved }, references: { main: fresh }, unknown });
      const same = await fetchPath("/model.onnx", record);
      assertModel(same, first);
      assert.equal(recorded(same)["SLIPWAY_RECORDED_PIN"], fresh);
    }
    const unknown = [503, ""] as const;
    hub.repositories.set("team/direction", { commits: { [fresh]: unmoved }, references: { main: fresh }, unknown });
    assertFails(await fetchPath("/model.onnx", record), "SourceUnavailable", /answered with status 503/);
    publish({ [fresh]: { "model.onnx": second } }, fresh);
    assertFails(
      await fetchPath("/model.onnx", record),
      "VersionReused",
      new RegExp(`first resolved to ${sha256(first)} \\(as commit ${old}, which the Hub does not give any more\\)`),
    );
  });

  test("whose recorded commit is still listed, without its files, is resolved anew", async () => {
    for (const path of ["/model.onnx", ""]) {
      publish({ [old]: unmoved }, old);
      const record = recorded(await fetchPath(path));
      const lose = (fresher: Readonly<Record<string, Uint8Array>>, main: string): void => {
        publish({ [old]: unmoved, [fresh]: fresher }, main);
        const squashed = hub.repositories.get("team/direction");
        assert.ok(squashed !== undefined);
        // The first file of the folder still comes.
        hub.repositories.set("team/direction", { ...squashed, lost: [`${old}/model.onnx`] });
      };
      lose(unmoved, fresh);
      const same = await fetchPath(path, record);
      if (path === "") assertFolder(same, unmoved);
      else assertModel(same, first);
      assert.equal(recorded(same)["SLIPWAY_RECORDED_PIN"], fresh);
      lose({ "model.onnx": second }, fresh);
      assertFails(await fetchPath(path, record), "VersionReused", /which the Hub does not give any more/);
      lose(unmoved, old);
      assertFails(await fetchPath(path, record), "NotFound", /has no "team\/direction@main\/model\.onnx"/);
    }
  });

  test("is not asked for what an object of S3 was recorded with", async () => {
    publish({ [old]: unmoved }, old);
    const record = { ...recorded(await fetchPath("/model.onnx")), SLIPWAY_RECORDED_PIN: "01ARZ3NDEKTSV4RRFFQ69G5FAV" };
    assertModel(await fetchPath("/model.onnx", record), first);
    assert.ok(!hub.seen.some((path) => path.includes("01ARZ3NDEKTSV4RRFFQ69G5FAV")));
  });
});

describe("an object of S3", () => {
  let server: S3Server;
  before(async () => {
    server = await startS3Server();
    await server.bucket("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  });
  after(() => server.close());

  const fetchKey = (key: string, environment: Readonly<Record<string, string>> = {}): Promise<Fetched> =>
    fetching(
      { SLIPWAY_MODEL_URI: `s3://models/${key}`, SLIPWAY_PLAIN_HTTP_HOSTS: server.host, ...environment },
      { limits, secret: { ...server.keys, AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: region } },
    );

  test("that was written over is had in the recorded version, where the bucket keeps versions", async () => {
    const put = await server.put("model.onnx", first);
    const record = recorded(await fetchKey("model.onnx"));
    assert.equal(record["SLIPWAY_RECORDED_PIN"], put);
    assertWarns(await fetchKey("model.onnx", record), undefined);
    await server.put("model.onnx", first);
    assertWarns(await fetchKey("model.onnx", record), undefined);
    const newer = await server.put("model.onnx", second);
    const later = await fetchKey("model.onnx", record);
    assertModel(later, first);
    assertWarns(later, new RegExp(`models/model.onnx is version ${newer} by now; .* goes on with ${put}`));
  });

  test("whose recorded version is gone is judged by the newest", async () => {
    await server.put("gone/model.onnx", first);
    const record = {
      ...recorded(await fetchKey("gone/model.onnx")),
      SLIPWAY_RECORDED_PIN: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    };
    assertModel(await fetchKey("gone/model.onnx", record), first);
    await server.put("gone/model.onnx", second);
    assertFails(
      await fetchKey("gone/model.onnx", record),
      "VersionReused",
      /first resolved to sha256:\w+ \(as version 01ARZ3NDEKTSV4RRFFQ69G5FAV of the object, which the bucket does not give/,
    );
  });
});
