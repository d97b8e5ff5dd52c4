/** Both images, the chart and the package of the command, built, described, pushed and signed: `make release`. */
import { join } from "node:path";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import { installPackages } from "../test/cluster/packages.ts";
import { closing } from "./closing.ts";
import { releaseOptions } from "./options.ts";
import { release } from "./release.ts";

const help = `make release REGISTRY=HOST[:PORT][/PATH], or: npm run release -- --registry=...
  Builds both images, the chart and the package of the slipway command, and pushes images and chart to the registry, as
  slipway/operator, slipway/server and slipway/charts/slipway below REGISTRY, with the logins that docker leaves. Writes
  an SBOM (CycloneDX) for each image and for the package, and a provenance statement for each image, to build/release.
  As root, on Debian 12; missing packages are named and installed. Nothing else is told to anybody.
    KEY=FILE, --key=FILE              sign with cosign and this key (its password in COSIGN_PASSWORD; or the URI of a
                                      key that a KMS keeps), attach the documents, and verify all of it. Without a key
                                      nothing is signed.
    PLAIN_HTTP=1, --plain-http        the registry speaks no TLS
    UNCOMMITTED=1, --uncommitted      also with changes that are not committed; the provenance says so
`;

const result = releaseOptions(process.argv.slice(2), process.env);
switch (result.kind) {
  case "help":
    process.stdout.write(help);
    break;
  case "errors":
    process.stderr.write(`${result.errors.join("\n")}\n\n${help}`);
    process.exitCode = 2;
    break;
  case "options": {
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    const directory = join(repositoryDirectory, "build");
    try {
      await installPackages("release", report);
      const released = await release(result.options, { repository: repositoryDirectory, directory, report });
      process.stdout.write(closing(released, result.options, process.cwd()));
    } catch (error) {
      report(`The release failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
}
