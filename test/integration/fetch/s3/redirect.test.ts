import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertFails, fetching } from "../fetching.ts";
import { serve } from "../servers/file-server.ts";

/** Of no server: whoever redirects has not looked at them. */
const secret = {
  AWS_ACCESS_KEY_ID: "slipway-test",
  AWS_SECRET_ACCESS_KEY: "a_secret/of_the+test",
  AWS_REGION: "eu-west-1",
};

describe("a bucket that sends elsewhere, and leads nowhere", () => {
  const redirects: readonly [string, number, Readonly<Record<string, string>>, string, RegExp][] = [
    [
      "without saying where",
      301,
      {},
      "",
      /from the region eu-west-1 elsewhere and does not say where\. Set AWS_REGION/,
    ],
    [
      "by an address alone",
      307,
      { location: "http://169.254.169.254/latest" },
      "",
      /from the region eu-west-1 elsewhere and does not say where\. Set AWS_REGION, and AWS_ENDPOINT_URL if it is not AWS, in the source's Secret/,
    ],
    [
      "to the region it came from",
      301,
      { "x-amz-bucket-region": "eu-west-1" },
      "<Error><Code>PermanentRedirect</Code></Error>",
      /from the region eu-west-1 to the region eu-west-1\. Set AWS_REGION/,
    ],
    [
      "to a region that sends back",
      400,
      {},
      "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region></Error>",
      /from the region eu-north-1 to the region eu-north-1\. Set AWS_REGION/,
    ],
  ];
  for (const [what, status, headers, body, message] of redirects) {
    for (const key of ["direction/model.onnx", "direction/"]) {
      test(`${what}, asked for ${key}`, async () => {
        let asked = 0;
        const elsewhere = await serve((_request, response) => {
          asked += 1;
          response.writeHead(status, headers).end(body);
        });
        try {
          const fetched = await fetching(
            { SLIPWAY_MODEL_URI: `s3://models/${key}`, SLIPWAY_PLAIN_HTTP_HOSTS: elsewhere.host },
            { secret: { ...secret, AWS_ENDPOINT_URL: elsewhere.origin } },
          );
          assertFails(
            fetched,
            "SourceUnavailable",
            new RegExp(`^127\\.0\\.0\\.1:\\d+ .* bucket models ${message.source}`),
          );
          assert.ok(asked <= 2, `${asked} requests`);
          assert.ok([...fetched.files.values()].every(({ byteLength }) => byteLength === 0));
        } finally {
          await elsewhere.close();
        }
      });
    }
  }
});
