/** The environment of the server, from the comments in the contract. */
import { readFile } from "node:fs/promises";
import { environment, timing } from "../../server/contract.ts";
import { code, table } from "./table.ts";

const contractFile = "server/contract.ts";

export async function environmentTable(): Promise<string> {
  const source = await readFile(contractFile, "utf8");
  const described = new Map(
    [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\w+: "([A-Z][A-Z0-9_]+)"/g)].map(
      ([, comment = "", name = ""]): [string, string] => [name, readable(comment)],
    ),
  );
  const rows = Object.values(environment).map((name) => {
    const about = described.get(name);
    if (about === undefined) throw new Error(`${contractFile}: ${name} has no comment`);
    return [code(name), about];
  });
  return table(["Variable", "What it is"], rows);
}

/** Without the stars of the comment; a link to a number becomes the number. */
function readable(comment: string): string {
  const text = comment
    .replaceAll(/\n\s*\* ?/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return text.replaceAll(/\{@link (\w+)\.(\w+)\}/g, (_match, group: string, key: string) => {
    if (group === "timing" && Object.hasOwn(timing, key)) return String(timing[key as keyof typeof timing]);
    if (group === "environment" && Object.hasOwn(environment, key))
      return code(environment[key as keyof typeof environment]);
    return known[`${group}.${key}`] ?? code(key);
  });
}

/** Links to what is no number of seconds. */
const known: Readonly<Record<string, string>> = {
  "ports.http": "8080",
  "ports.metrics": "9090",
  "paths.modelDirectory": "`/model`",
  "paths.credentialsDirectory": "`/etc/slipway/credentials`",
  "paths.claimDirectory": "`/slipway/claim`",
  "paths.terminationMessage": "`/dev/termination-log`",
  "paths.inServiceFile": "`/etc/slipway/pod/in-service`",
  "annotations.inService": "`slipway.dev/in-service`",
};
