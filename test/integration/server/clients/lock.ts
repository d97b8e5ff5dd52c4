/**
 * Writes requirements.txt: the clients below and what they need, each with its version and the hash of its wheel for
 * Python 3.11 on x86-64. Run it to take newer ones, with pip and its index at hand.
 */
import { writeFile } from "node:fs/promises";
import { run } from "../../../cluster/command.ts";
import { requirementsFile } from "./python-clients.ts";

const clients = ["tritonclient[grpc,http]==2.73.0", "kserve==0.21.0", "openapi-python-client==0.29.1"];

/** What they ask for and never load here: the server of KServe's SDK, pictures, formatters of what is generated. */
const left = new Set(["cryptography", "grpcio-tools", "httptools", "pillow", "ruff", "uvloop", "websockets"]);

interface Report {
  readonly install: readonly {
    readonly metadata: { readonly name: string; readonly version: string };
    readonly download_info: { readonly archive_info: { readonly hashes: { readonly sha256: string } } };
  }[];
}

// KServe's SDK asks for a psutil that has no wheels for arm64.
const platforms = ["manylinux_2_28_x86_64", "manylinux2014_x86_64"].flatMap((platform) => ["--platform", platform]);
const words = ["install", "--quiet", "--dry-run", "--ignore-installed", "--target", "/nowhere", "--report", "-"];
const wheels = ["--only-binary", ":all:", "--python-version", "3.11", ...platforms];
const { stdout } = await run("pip", [...words, ...wheels, ...clients]);
const lines = (JSON.parse(stdout) as Report).install
  .map(({ metadata, download_info }) => ({ ...metadata, hash: download_info.archive_info.hashes.sha256 }))
  .filter(({ name }) => !left.has(name.toLowerCase()))
  .map(({ name, version, hash }) => `${name.toLowerCase()}==${version} --hash=sha256:${hash}`)
  .toSorted();
await writeFile(requirementsFile, `# Made by npx node test/integration/server/clients/lock.ts\n${lines.join("\n")}\n`);
