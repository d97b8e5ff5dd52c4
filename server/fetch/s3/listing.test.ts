import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseListing } from "./listing.ts";
import { textOf } from "./xml.ts";

const page = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><Prefix>a/</Prefix>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>abc&amp;d/=</NextContinuationToken>
<Contents><Key>a/model+1%2B.onnx</Key><ETag>&quot;9b2cf535f27731c974343645a3985328-2&quot;</ETag><Size>7</Size></Contents>
<Contents><Key>a/</Key><ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag><Size>0</Size></Contents></ListBucketResult>`;

test("a page is read, and where the next one begins", () => {
  assert.deepEqual(parseListing(page), {
    objects: [
      { key: "a/model 1+.onnx", size: 7, etag: '"9b2cf535f27731c974343645a3985328-2"' },
      { key: "a/", size: 0, etag: '"d41d8cd98f00b204e9800998ecf8427e"' },
    ],
    isTruncated: true,
    continuationToken: "abc&d/=",
    nextMarker: undefined,
    isFolded: false,
    isWhole: true,
  });
});

const truths: readonly [string, boolean | undefined][] = [
  ["<IsTruncated>true</IsTruncated>", true],
  ["<IsTruncated> True\n</IsTruncated>", true],
  ["<IsTruncated>1</IsTruncated>", true],
  ["<IsTruncated>false</IsTruncated>", false],
  ["<IsTruncated>FALSE</IsTruncated>", false],
  ["<IsTruncated>0</IsTruncated>", false],
  ["<IsTruncated>no</IsTruncated>", undefined],
  ["<IsTruncated></IsTruncated>", undefined],
  ["<IsTruncated/>", undefined],
  ["", undefined],
];
for (const [element, truth] of truths) {
  test(`${JSON.stringify(element)} says ${truth === undefined ? "nothing" : truth}`, () => {
    assert.equal(parseListing(page.replace("<IsTruncated>true</IsTruncated>", element))?.isTruncated, truth);
  });
}

/** What stands in place of the token, and the token and the marker that are read. */
const continuations: readonly [string, string | undefined, string | undefined][] = [
  ["", undefined, undefined],
  ["<NextContinuationToken/><NextMarker />", undefined, undefined],
  ["<NextContinuationToken></NextContinuationToken><NextMarker></NextMarker>", undefined, undefined],
  ["<NextMarker>a/model+1%2B.onnx</NextMarker>", undefined, "a/model 1+.onnx"],
  ["<NextContinuationToken>t</NextContinuationToken><NextMarker>a/x</NextMarker>", "t", "a/x"],
  ["<NextMarker>%zz</NextMarker>", undefined, undefined],
];
for (const [elements, token, marker] of continuations) {
  test(`${JSON.stringify(elements)} leads to ${token ?? marker ?? "nothing"}`, () => {
    const listing = parseListing(page.replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, elements));
    assert.deepEqual([listing?.continuationToken, listing?.nextMarker], [token, marker]);
  });
}

test("a marker that is the last key as it is, between keys that are encoded, stays as it is", () => {
  const listing = parseListing(
    page
      .replace("<Key>a/</Key>", "<Key>a%2Fb%2B</Key>")
      .replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, "<NextMarker>a/b+</NextMarker>"),
  );
  assert.equal(listing?.nextMarker, "a/b+");
});

test("folders in place of keys are seen, and an end that is missing", () => {
  const folded = "<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>";
  assert.equal(parseListing(page.replace("</ListBucketResult>", folded))?.isFolded, true);
  for (const cut of [page.length - 1, page.indexOf("<Contents><Key>a/</Key>"), page.indexOf("<Name>")]) {
    assert.equal(parseListing(page.slice(0, cut))?.isWhole, false);
  }
});

test("keys of a server that does not encode are unescaped only", () => {
  const listing = parseListing(
    page.replace("<EncodingType>url</EncodingType>", "").replace("a/model+1%2B", "a/&lt;+%2B&#x1F600;&#65;"),
  );
  assert.equal(listing?.objects[0]?.key, "a/<+%2B😀A.onnx");
});

test("what is no page is none", () => {
  for (const text of [
    "",
    "<html></html>",
    "<Error><Code>AccessDenied</Code></Error>",
    page.replace("<Size>7</Size>", ""),
    page.replace("<Size>7</Size>", "<Size></Size>"),
    page.replace("<Size>7</Size>", "<Size/>"),
    page.replace("<Size>7</Size>", "<Size>-7</Size>"),
    page.replace("<Size>7</Size>", "<Size>1e30</Size>"),
    page.replace("<Key>a/</Key>", ""),
    page.replace("a/model+1%2B", "%zz"),
  ]) {
    assert.equal(parseListing(text), undefined, text.slice(0, 100));
  }
});

const tags: readonly [string, string | undefined][] = [
  ["&quot;9b2cf535-2&quot;", '"9b2cf535-2"'],
  ["9b2cf535-2", '"9b2cf535-2"'],
  ["W/&quot;9b2cf535&quot;", undefined],
  ["&quot;9b&#10;2c&quot;", undefined],
  ["9b 2c", undefined],
  ["&quot;9b", undefined],
  ["", undefined],
];
for (const [listed, etag] of tags) {
  test(`the entity tag ${JSON.stringify(listed)} is ${etag ?? "left out"}`, () => {
    const [object] = parseListing(page.replace(/<ETag>&quot;9b.*?<\/ETag>/, `<ETag>${listed}</ETag>`))?.objects ?? [];
    assert.ok(object);
    assert.equal(object.etag, etag);
  });
}

test("any text survives its escaping", () => {
  const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const escaped = text.replace(/[&<>"]/g, (character) => escapes[character] ?? "");
      assert.equal(textOf(`<a><Key>${escaped}</Key></a>`, "Key"), text);
    }),
  );
});
