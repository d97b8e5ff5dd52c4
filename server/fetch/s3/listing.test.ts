import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseListing } from "./listing.ts";
import { textOf } from "./xml.ts";

const page = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><Prefix>a/</Prefix>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>abc&amp;d/=</NextContinuationToken>
<Contents><Key>a/model+1%2B.onnx</Key><ETag>&quot;9b2cf535f27731c974343645a3985328-2&quot;</ETag><Size>7</Size></Contents>
<Contents><Key>a/</Key><ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag><Size>0</Size></Contents>
<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>`;

test("a page is read, and where the next one begins", () => {
  assert.deepEqual(parseListing(page), {
    objects: [
      { key: "a/model 1+.onnx", size: 7, etag: '"9b2cf535f27731c974343645a3985328-2"' },
      { key: "a/", size: 0, etag: '"d41d8cd98f00b204e9800998ecf8427e"' },
    ],
    continuationToken: "abc&d/=",
  });
});

test("the last page says so, whatever token it has", () => {
  assert.equal(parseListing(page.replace(">true<", ">false<"))?.continuationToken, undefined);
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
    page.replace("<Size>7</Size>", "<Size>-7</Size>"),
    page.replace("<Size>7</Size>", "<Size>1e30</Size>"),
    page.replace("<Key>a/</Key>", ""),
    page.replace("a/model+1%2B", "%zz"),
  ]) {
    assert.equal(parseListing(text), undefined, text.slice(0, 100));
  }
});

test("an entity tag that could break a header is left out", () => {
  assert.equal(parseListing(page.replace("&quot;9b", "&quot;&#10;"))?.objects[0]?.etag, undefined);
});

test("any text survives its escaping", () => {
  const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const escaped = text.replace(/[&<>"]/g, (character) => escapes[character] ?? "");
      assert.equal(textOf(`<a><Key>${escaped}</Key></a>`, "Key"), text);
    }),
  );
});
