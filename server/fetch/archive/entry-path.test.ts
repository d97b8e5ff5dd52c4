import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { entryPath } from "./entry-path.ts";
import { isFailure } from "../failure.ts";

const allowed: readonly [string, string][] = [
  ["model.onnx", "model.onnx"],
  ["./model.onnx", "model.onnx"],
  ["a//b/./c.bin", "a/b/c.bin"],
  ["folder/", "folder"],
  ["..weights", "..weights"],
  ["größe/模型.onnx", "größe/模型.onnx"],
];
for (const [name, path] of allowed) test(`${name} is ${path}`, () => assert.equal(entryPath(name), path));

const refused: readonly [string, RegExp][] = [
  ["/etc/passwd", /absolute/],
  ["..", /"\.\."/],
  ["a/../../b", /"\.\."/],
  ["a/..", /"\.\."/],
  ["", /empty/],
  ["./", /empty/],
  ["a\\..\\b", /backslash/],
  ["a\nb", /control character/],
  ["a\0b", /control character/],
  ["\ud800", /UTF-8/],
  [".slipway-download/x", /download itself/],
  ["x".repeat(256), /255 bytes/],
  ["x/".repeat(600), /1024 bytes/],
];
for (const [name, message] of refused) {
  test(`${JSON.stringify(name.slice(0, 30))} is refused`, () => {
    assert.throws(
      () => entryPath(name),
      (error) => isFailure(error) && error.reason === "UnsafeArchive" && message.test(error.message),
    );
  });
}

test("whatever is allowed stays inside the folder and is its own name", () => {
  const part = fc.oneof(fc.constantFrom("..", ".", "", "a", "...", "..a", ".slipway-download"), fc.string());
  fc.assert(
    fc.property(
      fc.array(part).map((parts) => parts.join("/")),
      (name) => {
        let path: string;
        try {
          path = entryPath(name);
        } catch (error) {
          return isFailure(error);
        }
        return (
          posix.join("/model", path) === posix.resolve("/model", path) &&
          posix.resolve("/model", path).startsWith("/model/") &&
          entryPath(path) === path
        );
      },
    ),
  );
});
