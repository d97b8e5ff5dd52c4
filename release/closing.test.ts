import assert from "node:assert/strict";
import { test } from "node:test";
import { closing } from "./closing.ts";
import type { Released } from "./release.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const released: Released = {
  operator: {
    repository: "registry.example.com/slipway/operator",
    digest: digest("a"),
    sbomFile: "/checkout/build/release/operator.cdx.json",
    provenanceFile: "/checkout/build/release/operator.provenance.json",
  },
  server: {
    repository: "registry.example.com/slipway/server",
    digest: digest("b"),
    sbomFile: "/checkout/build/release/server.cdx.json",
    provenanceFile: "/checkout/build/release/server.provenance.json",
  },
  chart: { repository: "registry.example.com/slipway/charts/slipway", digest: digest("c") },
  command: {
    archive: "/checkout/build/release/slipway-0.1.0.tgz",
    sbomFile: "/checkout/build/release/slipway-command.cdx.json",
  },
};
const options = { registry: "registry.example.com", plainHttp: false, key: undefined, uncommitted: false };

test("the line that installs names chart and images by digest", () => {
  const text = closing(released, options, "/checkout");
  assert.match(
    text,
    new RegExp(`helm install slipway oci://registry.example.com/slipway/charts/slipway@${digest("c")} `),
  );
  assert.match(text, /--set imageRegistry=registry\.example\.com /);
  assert.match(text, new RegExp(`--set image\\.digest=${digest("a")} `));
  assert.match(text, new RegExp(`--set server\\.image\\.digest=${digest("b")}$`, "m"));
  assert.doesNotMatch(text, /plain-http/);
  assert.match(closing(released, { ...options, plainHttp: true }, "/checkout"), /helm install .* --plain-http/);
});

test("the documents are named as the shell finds them", () => {
  const text = closing(released, options, "/checkout");
  const files = ["operator.cdx.json", "operator.provenance.json", "slipway-command.cdx.json", "slipway-0.1.0.tgz"];
  for (const file of files) assert.match(text, new RegExp(`^  build/release/${file}$`, "m"));
});

test("without a key it says that nothing was signed, and with one how to verify", () => {
  assert.match(closing(released, options, "/checkout"), /Nothing was signed/);
  assert.doesNotMatch(closing(released, options, "/checkout"), /cosign verify/);
  const signed = closing(released, { ...options, key: "cosign.key" }, "/checkout");
  assert.doesNotMatch(signed, /Nothing was signed/);
  assert.equal(signed.match(/cosign verify --key cosign\.pub --insecure-ignore-tlog registry/g)?.length, 3);
  const plain = closing(released, { ...options, key: "cosign.key", plainHttp: true }, "/checkout");
  assert.equal(plain.match(/ --allow-http-registry /g)?.length, 3);
});
