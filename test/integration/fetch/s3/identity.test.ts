import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { PodReport } from "../../../../server/contract.ts";
import { buildPrograms } from "../../../cluster/programs.ts";

/** A real STS that trusts an issuer of service account tokens, and a real bucket that trusts the STS. */
describe("a pod without a Secret, whose service account stands for a role", () => {
  let reports: Readonly<Record<string, PodReport>>;
  before(async () => {
    await buildPrograms(["versitygw"]); // where its modules can still be fetched
    const script = fileURLToPath(import.meta.resolve("./identity-process.ts"));
    const alone = ["--pdeathsig", "KILL", "unshare", "--net", process.execPath, script];
    const { stdout } = await promisify(execFile)("setpriv", alone, { timeout: 120_000 });
    reports = JSON.parse(stdout) as typeof reports;
  });

  for (const who of ["reader", "folder"]) {
    test(`reads what the role may read (${who})`, () => {
      const report = reports[who];
      assert.ok(report?.ok, JSON.stringify(report));
    });
  }

  const refused: readonly [string, string, RegExp][] = [
    [
      "stranger",
      "a service account that the role does not trust",
      /take the role arn:aws:iam::000000000000:role\/models-reader \(status 400, InvalidIdentityToken\)\. Check the role's trust policy and source\.serviceAccountName/,
    ],
    ["forged", "a token that the issuer did not sign", /\(status 400, InvalidIdentityToken\)/],
    ["expired", "a token that has expired", /\(status 400, ExpiredTokenException\)/],
    [
      "powerless",
      "a role that may read nothing",
      /to the credentials of the source, AccessDenied \(status 403\)\. Check them/,
    ],
  ];
  for (const [who, what, message] of refused) {
    test(`is refused: ${what}`, () => {
      const report = reports[who];
      assert.ok(report !== undefined && !report.ok, JSON.stringify(report));
      assert.deepEqual([report.stage, report.reason], ["Download", "Unauthorized"]);
      assert.match(report.message, message);
    });
  }
});
