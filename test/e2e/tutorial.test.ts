/** docs/tutorial.md, command by command: each one ends well, and prints what the page shows of it. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { installation } from "./setup.ts";

/** One run of commands, and the output that the page shows for it. */
interface Step {
  readonly commands: string;
  readonly shown: readonly string[];
}

/** By hand it takes half a minute; each wait of the page gives up after five. */
const timeoutMilliseconds = 10 * 60_000;
/** A line of this and a number tells where the output of a step begins. */
const mark = "== step";

test("the tutorial does and prints what it says", async (t) => {
  const { node } = await installation();
  const removeNamespace = (): Promise<unknown> =>
    node.kubectl(["delete", "namespace", "tutorial", "--ignore-not-found"]);
  await removeNamespace();
  const checkout = await linkedCheckout();
  t.after(async () => {
    await removeNamespace();
    await rm(checkout, { recursive: true });
  });

  const steps = stepsOf(await readFile(join(repositoryDirectory, "docs", "tutorial.md"), "utf8"));
  assert.ok(steps.length > 10, `only ${steps.length} steps were found`);
  assert.ok(steps.flatMap(({ shown }) => shown).length > 50, "the page shows too little");

  const script = join(checkout, "tutorial.sh");
  await writeFile(script, scriptOf(steps));
  const { stdout } = await run("bash", [script], { directory: checkout, timeoutMilliseconds });
  t.diagnostic(stdout);
  const outputs = stdout.split(new RegExp(`^${mark} \\d+\\n`, "m")).slice(1);
  assert.equal(outputs.length, steps.length);
  for (const [index, { commands, shown }] of steps.entries()) {
    const printed = new Set(outputs[index]?.split("\n").map(stable));
    const missing = shown.filter((line) => !printed.has(stable(line)));
    assert.deepEqual(missing, [], `shown, but not printed by\n${commands}\nwhich printed\n${outputs[index]}`);
  }
});

/** What the page writes into the checkout stays out of the real one. */
async function linkedCheckout(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-tutorial-"));
  for (const name of await readdir(repositoryDirectory)) {
    await symlink(join(repositoryDirectory, name), join(directory, name));
  }
  return directory;
}

/** A file that the page says to write becomes part of the commands that follow. */
function stepsOf(page: string): readonly Step[] {
  const steps: Step[] = [];
  let files = "";
  const fences = /(?:^Write `([\w.-]+)`:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm;
  for (const [, file, language, body = ""] of page.matchAll(fences)) {
    const last = steps.at(-1);
    if (language === "sh") {
      steps.push({ commands: `${files}${body}`, shown: [] });
      files = "";
    } else if (file !== undefined) files += `cat > ${file} <<'END'\n${body}END\n`;
    else if (language === "text" && last !== undefined) {
      steps[steps.length - 1] = { ...last, shown: [...last.shown, ...body.split("\n").filter((line) => line !== "")] };
    }
  }
  return steps;
}

/** One shell for all of it, as a person has, which ends at the first command that fails. */
function scriptOf(steps: readonly Step[]): string {
  const parts = steps.map(({ commands }, index) => `echo '${mark} ${index}'\n${commands}`);
  return ["set -e", "shopt -s expand_aliases", ...parts].join("\n");
}

/**
 * A line without what is another each time: pods' names, ages, the last digits of a float, the width of columns. The
 * hash in a pod's name stands for the digits of a number of 32 bits: mostly ten, seldom fewer than eight.
 */
function stable(line: string): string {
  return line
    .replaceAll(/-[a-z0-9]{6,10}-[a-z0-9]{5}\b/g, "-POD")
    .replaceAll(/\b(?:\d+[hms])+\b/g, "AGE")
    .replaceAll(/\d\.\d+e-\d+/g, "TINY")
    .replace(/ (?:pushed|was there)$/, " sent, unless it was there")
    .replaceAll(/\s+/g, " ")
    .trim();
}
