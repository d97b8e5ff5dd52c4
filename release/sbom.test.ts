import assert from "node:assert/strict";
import { test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import { type Contents, sbom, type Subject } from "./sbom.ts";

const digest = `sha256:${"a".repeat(64)}`;
const image: Subject = {
  kind: "image",
  name: "slipway-server",
  version: "0.1.0",
  license: "Apache-2.0",
  purl: new PackageURL(
    "oci",
    undefined,
    "server",
    digest,
    { repository_url: "registry.example.com/server" },
    undefined,
  ),
  dependsOn: ["node_modules/onnxruntime-node", "node_modules/not-there"],
};
const command: Subject = {
  kind: "package",
  name: "slipway",
  version: "0.1.0",
  license: "Apache-2.0",
  integrity: `sha512-${Buffer.alloc(64, 1).toString("base64")}`,
  dependsOn: [],
};
const contents: Contents = {
  npm: [
    {
      key: "node_modules/onnxruntime-node",
      name: "onnxruntime-node",
      version: "1.30.0",
      license: "MIT",
      integrity: `sha512-${Buffer.alloc(64, 2).toString("base64")}`,
      place: "/app/node_modules/onnxruntime-node",
      dependsOn: ["node_modules/@scope/real"],
    },
    {
      key: "node_modules/@scope/real",
      name: "@scope/real",
      version: "2.0.0",
      license: "(MIT OR CC0-1.0)",
      integrity: undefined,
      place: "bundled into /app/*.mjs",
      dependsOn: [],
    },
    {
      key: "node_modules/odd",
      name: "odd",
      version: "1.0.0",
      license: "SEE LICENSE IN README",
      integrity: undefined,
      place: "bundled into /app/*.mjs",
      dependsOn: [],
    },
  ],
  node: {
    versions: { node: "24.21.0", modules: "137", napi: "10", openssl: "3.5.4", undici: "7.16.0", nghttp3: null },
    path: "/usr/local/bin/node",
    sha256: "b".repeat(64),
  },
  libraries: [
    {
      key: "node_modules/onnxruntime-node",
      path: "/app/node_modules/onnxruntime-node/lib.so.1",
      sha256: "c".repeat(64),
    },
  ],
  debian: {
    id: "debian",
    version: "12",
    packages: [{ name: "libstdc++6", version: "12.2.0-14+deb12u1", architecture: "amd64", source: "gcc-12" }],
  },
};
const making = {
  serialNumber: "urn:uuid:5e9f7a3c-9f6b-4a57-8a2b-0d0c6c2f1a11",
  time: new Date("2026-11-27T12:00:00Z"),
};
const nothing: Contents = { npm: [], libraries: [] };

/** What is read of a document here. */
interface Document {
  readonly specVersion: string;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

interface Component {
  readonly type: string;
  readonly name: string;
  readonly group?: string;
  readonly version?: string;
  readonly purl?: string;
  readonly cpe?: string;
  readonly licenses?: object;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly properties?: object;
  readonly components?: readonly Component[];
}

for (const [name, subject, inside] of [
  ["of an image", image, contents],
  ["of a package", command, { npm: contents.npm, libraries: [] }],
  ["with nothing in it", command, nothing],
] as const) {
  test(`a document ${name} is valid CycloneDX 1.6, by the published schema`, async () => {
    assert.deepEqual(await mistakesOf(sbom(subject, inside, making)), null);
  });
}

test("the schema refuses what is no CycloneDX", async () => {
  const document = JSON.parse(sbom(image, contents, making)) as object;
  assert.notEqual(await mistakesOf(JSON.stringify({ ...document, components: [{ name: "no type" }] })), null);
  assert.notEqual(await mistakesOf(JSON.stringify({ ...document, serialNumber: "1" })), null);
});

test("a document names everything that is there, and nothing else", () => {
  const { components } = parsed(sbom(image, contents, making));
  assert.deepEqual(
    components
      .map(({ group, name, version }) => `${group === undefined ? "" : `${group}/`}${name} ${version}`)
      .toSorted(),
    [
      "@scope/real 2.0.0",
      "debian 12",
      "libstdc++6 12.2.0-14+deb12u1",
      "node 24.21.0",
      "odd 1.0.0",
      "onnxruntime-node 1.30.0",
    ],
  );
  assert.deepEqual(parsed(sbom(image, nothing, making)).components, []);
});

test("a package has the purl, the licence and the hash by which others know it", () => {
  const { components } = parsed(sbom(image, contents, making));
  const named = (name: string): Component | undefined => components.find((each) => each.name === name);
  assert.equal(named("real")?.purl, "pkg:npm/%40scope/real@2.0.0");
  assert.deepEqual(named("real")?.licenses, [{ expression: "(MIT OR CC0-1.0)" }]);
  assert.deepEqual(named("odd")?.licenses, [{ license: { name: "SEE LICENSE IN README" } }]);
  assert.deepEqual(named("onnxruntime-node")?.licenses, [{ license: { id: "MIT" } }]);
  assert.deepEqual(named("onnxruntime-node")?.hashes, [{ alg: "SHA-512", content: "02".repeat(64) }]);
  assert.deepEqual(named("onnxruntime-node")?.properties, [
    { name: "slipway:place", value: "/app/node_modules/onnxruntime-node" },
  ]);
  assert.equal(
    named("libstdc++6")?.purl,
    "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14+deb12u1?arch=amd64&distro=debian-12&upstream=gcc-12",
  );
});

test("what is built into another thing stands in it", () => {
  const { components } = parsed(sbom(image, contents, making));
  const node = components.find(({ name }) => name === "node");
  assert.equal(node?.cpe, "cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*");
  assert.deepEqual(node?.hashes, [{ alg: "SHA-256", content: "b".repeat(64) }]);
  assert.deepEqual(
    node?.components?.map(({ name, version }) => `${name} ${version}`),
    ["openssl 3.5.4", "undici 7.16.0"],
  );
  const [library] = components.find(({ name }) => name === "onnxruntime-node")?.components ?? [];
  assert.deepEqual([library?.type, library?.name], ["file", "lib.so.1"]);
  assert.deepEqual(library?.hashes, [{ alg: "SHA-256", content: "c".repeat(64) }]);
});

test("the graph leads from the image to what it needs", () => {
  const { dependencies, metadata } = parsed(sbom(image, contents, making));
  const from = (ref: string): readonly string[] => dependencies.find((each) => each.ref === ref)?.dependsOn ?? [];
  assert.equal(metadata.component.purl, image.purl?.toString());
  assert.deepEqual(from(image.purl?.toString() ?? ""), [
    "debian-12",
    "node_modules/onnxruntime-node",
    "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14+deb12u1?arch=amd64&distro=debian-12&upstream=gcc-12",
    "pkg:generic/node@24.21.0",
  ]);
  assert.deepEqual(from("node_modules/onnxruntime-node"), ["node_modules/@scope/real"]);
});

test("the package of the command is known by the hash of its archive", () => {
  const { component, timestamp } = parsed(sbom(command, nothing, making)).metadata;
  assert.deepEqual([component.type, component.purl, timestamp], ["application", undefined, "2026-11-27T12:00:00.000Z"]);
  assert.deepEqual(component.hashes, [{ alg: "SHA-512", content: "01".repeat(64) }]);
});

function parsed(document: string): Document {
  return JSON.parse(document) as Document;
}

async function mistakesOf(document: string): Promise<unknown> {
  return new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(document);
}
