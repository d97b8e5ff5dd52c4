/** A fetch that has brought nothing ends soon, so that it is told; one that has brought something goes on. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { assertFails, type Fetched, fetching, sha256 } from "./fetching.ts";
import { type Running, serve } from "./servers/file-server.ts";
import { paddedModel } from "./models.ts";

const [model, notes] = [paddedModel(30_000), Buffer.from("made by hand")];
const manifest = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256(Buffer.from("{}")), size: 2 },
  layers: [
    [model, "model.onnx"],
    [notes, "notes.txt"],
  ].map(([content, title]) => ({
    mediaType: "application/octet-stream",
    digest: sha256(content as Buffer),
    size: content?.length,
    annotations: { "org.opencontainers.image.title": title },
  })),
});

/** Of each kind of request, the answers to the first ones, in place of what is there. */
type Refusals = Readonly<
  Partial<Record<"manifest" | "model" | "notes", readonly ((response: ServerResponse) => void)[]>>
>;
const away = (response: ServerResponse): void => void response.writeHead(503).end();

let refusals: Refusals;
let asked: string[];
let registry: Running;
before(async () => {
  registry = await serve(({ url = "" }, response) => {
    const what = url.includes("/manifests/") ? "manifest" : url.endsWith(sha256(model)) ? "model" : "notes";
    const refusal = refusals[what]?.[asked.filter((earlier) => earlier === what).length];
    asked.push(what);
    if (refusal !== undefined) refusal(response);
    else if (what !== "manifest") response.end(what === "model" ? model : notes);
    else response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end(manifest);
  });
});
after(() => registry.close());

/** No time is given to a fetch that has brought nothing. */
function fetchWith(refused: Refusals): Promise<Fetched> {
  refusals = refused;
  asked = [];
  return fetching(
    { SLIPWAY_MODEL_URI: `oci://${registry.host}/team/direction:1`, SLIPWAY_PLAIN_HTTP_HOSTS: registry.host },
    { limits: { retryDelaysMilliseconds: [20, 20, 20], fruitlessMilliseconds: 0 } },
  );
}

for (const what of ["manifest", "model"] as const) {
  test(`a registry that is away before any byte has come, at the ${what}, is told at once`, async () => {
    assertFails(await fetchWith({ [what]: [away] }), "SourceUnavailable", /status 503/);
    assert.equal(asked.at(-1), what);
  });
}

test("a registry that is away between two layers does not lose the first", async () => {
  const { report, files } = await fetchWith({ notes: [away, away, away] });
  assert.ok(report.ok, JSON.stringify(report));
  assert.deepEqual([...files.keys()], ["model.onnx", "notes.txt"]);
  assert.deepEqual(asked, ["manifest", "model", "notes", "notes", "notes", "notes"]);
});

test("a registry that names a wait is asked again after it", async () => {
  const busy = (response: ServerResponse): void => void response.writeHead(429, { "retry-after": "1" }).end();
  const { report, log } = await fetchWith({ manifest: [busy] });
  assert.ok(report.ok, JSON.stringify(report));
  assert.equal(log.filter((line) => /^trying again: .*status 429/.test(line)).length, 1);
});
