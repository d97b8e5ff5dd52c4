import assert from "node:assert/strict";
import { test } from "node:test";
import { consent } from "./consent.ts";

const context = { name: "production", server: "https://10.0.0.1:6443" };
const plan = "This makes a namespace.";

function typing(line: string, questions: string[] = []): (question: string) => Promise<string> {
  return (question) => {
    questions.push(question);
    return Promise.resolve(line);
  };
}

test("the name of the context, typed, is consent", async () => {
  const questions: string[] = [];
  await consent({ context, plan, yesUse: undefined, ask: typing("production\n", questions) });
  assert.deepEqual(questions, ["This makes a namespace.\nType the name of the context, production, to go on: "]);
});

for (const line of ["", "y", "yes", "Production", "prod"]) {
  test(`${JSON.stringify(line)} is none`, async () => {
    const asked = consent({ context, plan, yesUse: undefined, ask: typing(line) });
    await assert.rejects(asked, /is not production: nothing was touched/);
  });
}

test("without a terminal nothing is done, and the way to do it is told", async () => {
  const asked = consent({ context, plan, yesUse: undefined, ask: undefined });
  await assert.rejects(asked, /production \(https:\/\/10\.0\.0\.1:6443\).*--yes-use=production\. Nothing was touched/);
});

test("the context may be named beforehand, and no other is used then", async () => {
  await consent({ context, plan, yesUse: "production", ask: undefined });
  const asked = consent({ context, plan, yesUse: "staging", ask: typing("production") });
  await assert.rejects(asked, /--yes-use names staging, but the current context is production/);
});
