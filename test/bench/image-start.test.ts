import assert from "node:assert/strict";
import { test } from "node:test";
import { imageStart } from "./image-start.ts";

test("the start of an image, with its files in a folder of this machine", () => {
  const dockerfile = [
    "FROM base",
    "ENV NODE_ENV=production \\",
    '    FLAGS="--one --two"',
    "ENV LAST=1",
    'ENTRYPOINT ["/usr/local/bin/node", "/app/main.mjs"]',
    'CMD ["serve"]',
    "",
  ].join("\n");
  assert.deepEqual(imageStart(dockerfile, "/context"), {
    command: ["/context/node", "/context/main.mjs", "serve"],
    environment: { NODE_ENV: "production", FLAGS: "--one --two", LAST: "1" },
  });
});

test("an image without a program to start is refused", () => {
  assert.throws(() => imageStart("FROM base\n", "/context"), /no ENTRYPOINT in JSON form/);
});
