import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fetchComplaint } from "./fetch-complaint.ts";

const nobody = { credentials: undefined };
const cases: readonly (readonly [uri: string, pods: string, here: string])[] = [
  [
    "s3://models/digits",
    "s3.test refuses models/digits to anybody without credentials (status 403). Name a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in source.secretRef, or a source.serviceAccountName with a role.",
    "s3.test refuses models/digits to anybody without credentials (status 403). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
  ],
  [
    "s3://models/digits",
    "s3.test refuses models/digits to the credentials of the source (status 403). Check them.",
    "s3.test refuses models/digits to the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (status 403). Check them.",
  ],
  [
    "hf://me/digits",
    "me/digits at hub.test does not exist, or is private (status 401). Put a token that may read it as HF_TOKEN into a Secret, and name it in source.secretRef.",
    "me/digits at hub.test does not exist, or is private (status 401). Set HF_TOKEN to a token that may read it.",
  ],
  [
    "https://files.test/m.onnx",
    "files.test refuses m.onnx without credentials (status 401). Name a Secret with token, or username and password, in source.secretRef.",
    "files.test refuses m.onnx without credentials (status 401). Log in with --username NAME --password-stdin.",
  ],
  ["oci://r.test/m", "The artifact has no layer with a file name.", "The artifact has no layer with a file name."],
];

describe("what a pod would tell of a Secret or a chart is an option or a variable here", () => {
  for (const [uri, pods, here] of cases) {
    test(here, () => assert.equal(fetchComplaint(pods, uri, nobody), here));
  }
});
