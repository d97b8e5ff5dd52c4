import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/**
 * Script and style of the page, by their paths below `/page/`. From the sources they are read once, types taken away;
 * in a bundle this whole module is its result (see `images/bundle.ts`), as the sources are not there.
 */
export function pageAssets(): Readonly<Record<string, string>> {
  const folder = new URL("./client/", import.meta.url);
  const assets: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    if (name.endsWith(".css")) assets[name] = readFileSync(new URL(name, folder), "utf8");
    if (name.endsWith(".ts") && !name.endsWith(".test.ts")) {
      const script = stripTypeScriptTypes(readFileSync(new URL(name, folder), "utf8"));
      assets[asScript(name)] = script.replaceAll(/(\bfrom "\.[^"]*)\.ts(?=";)/g, "$1.js");
    }
  }
  return assets;
}

function asScript(name: string): string {
  return name.replace(/\.ts$/, ".js");
}
