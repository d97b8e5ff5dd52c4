import assert from "node:assert/strict";
import { test } from "node:test";
import { oldBuilds, type StoredImage } from "./build.ts";

function image(name: string | undefined, minute: number): StoredImage {
  const createdatraw = new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  return { names: name === undefined ? null : [name], createdatraw };
}

test("keeps the newest builds of a repository and everything of others", () => {
  const stored = [
    image("localhost/server:oldest", 1),
    image("localhost/server:newest", 5),
    image("localhost/server-two:old", 0),
    image(undefined, 0),
    image("localhost/server:third", 3),
    image("localhost/server:second", 4),
    image("localhost/server:fourth", 2),
  ];
  assert.deepEqual(oldBuilds(stored, "localhost/server:newest"), [
    "localhost/server:fourth",
    "localhost/server:oldest",
  ]);
});

test("never removes the build that was asked for, even if it is an old one built from cached layers", () => {
  const stored = [5, 4, 3, 1].map((minute) => image(`localhost/server:${minute}`, minute));
  assert.deepEqual(oldBuilds(stored, "localhost/server:1"), []);
});
