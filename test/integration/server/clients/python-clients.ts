import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../cluster/command.ts";
import { cacheDirectory } from "../../../cluster/directories.ts";
import { type Report, silent, step } from "../../../cluster/report.ts";

/** Every package with its version and hashes: what they require themselves is not asked for. */
export const requirementsFile = join(import.meta.dirname, "requirements.txt");

/** Debian's own: what is locked is for its version. */
const python = "/usr/bin/python3";

/**
 * A Python that has other systems' clients, in the cache by the hash of their lock; made when it is not there. Returns
 * its program.
 */
export async function installPythonClients(report: Report = silent): Promise<string> {
  const lock = await readFile(requirementsFile);
  const key = createHash("sha256").update(lock).digest("hex").slice(0, 16);
  const directory = join(cacheDirectory(), "python", `clients-${key}`);
  const program = join(directory, "bin", "python");
  // Written last: it says that the environment is whole.
  const mark = join(directory, "whole");
  if (existsSync(mark)) return program;
  await checkPython();
  await step(report, "installing Python clients", async () => {
    await mkdir(join(cacheDirectory(), "python"), { recursive: true });
    // Test files run side by side: the first one installs, the others wait at the lock and find the result. Nothing is
    // moved afterwards, as the programs of an environment name its folder.
    const script = [
      'test -e "$3" || { rm -rf "$2"',
      '"$1" -m venv "$2"',
      '"$2/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r "$4"',
      'touch "$3"; }',
    ].join(" && ");
    try {
      await run("flock", [`${directory}.lock`, "sh", "-c", script, "sh", python, directory, mark, requirementsFile]);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw new Error("the Python clients could not be installed: pip needs its package index", { cause: error });
    }
  });
  return program;
}

async function checkPython(): Promise<void> {
  const { stdout } = await run(python, ["-c", "import ensurepip, sys; print(*sys.version_info[:2])"]).catch(
    (error: unknown) => {
      throw new Error("Python is missing: apt-get install python3 python3-venv", { cause: error });
    },
  );
  if (stdout.trim() !== "3 11") {
    throw new Error(`${python} is Python ${stdout.trim().replace(" ", ".")}; the tests need 3.11, which Debian 12 has`);
  }
}
