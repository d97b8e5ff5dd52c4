import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { pageAssets } from "./assets.ts";

const assets = pageAssets();
const scripts = Object.entries(assets).filter(([name]) => name.endsWith(".js"));

test("every import of the page's script is there, and none leads elsewhere", () => {
  const imports = scripts.flatMap(([name, text]) =>
    [...text.matchAll(/^(?:import|\}).* from "([^"]+)"/gm)].map(([, target = ""]) => ({ name, target })),
  );
  assert.ok(imports.length > 10);
  for (const { name, target } of imports) {
    assert.ok(target.startsWith("."), `${name} imports ${target}`);
    assert.ok(posix.join(posix.dirname(name), target) in assets, `${name} imports ${target}`);
  }
});

test("nothing of the page names an address elsewhere or makes markup of text", () => {
  for (const [name, text] of Object.entries(assets)) {
    const addresses = [...text.matchAll(/(?:https?:)?\/\/[a-z][\w.-]*\.[a-z]+/g)].map(([address]) => address);
    // The name of SVG's elements, which no browser asks for.
    assert.deepEqual(
      addresses.filter((address) => address !== "http://www.w3.org"),
      [],
      name,
    );
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|@import/,
      name,
    );
  }
});
