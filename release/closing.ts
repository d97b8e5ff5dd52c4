import { relative } from "node:path";
import type { ReleaseOptions } from "./options.ts";
import type { Released } from "./release.ts";

/** What to do with what was released. Files are named as seen from the folder that is worked in. */
export function closing(
  { operator, server, chart, command }: Released,
  options: ReleaseOptions,
  workingDirectory: string,
): string {
  const { registry, plainHttp, key } = options;
  const references = [operator, server, chart].map(({ repository, digest }) => `${repository}@${digest}`);
  const files = [operator, server].flatMap(({ sbomFile, provenanceFile }) => [sbomFile, provenanceFile]);
  const documents = [...files, command.sbomFile, command.archive].map((file) => relative(workingDirectory, file));
  const plain = plainHttp ? " --plain-http" : "";
  const insecure = plainHttp ? " --allow-http-registry" : "";
  const signed = [
    "Signed, and verified with the public key beside the documents. Others verify with it, too:",
    ...references.map((each) => `  cosign verify --key cosign.pub --insecure-ignore-tlog${insecure} ${each}`),
  ];
  return `
${references.join("\n")}

Documents:
${documents.map((file) => `  ${file}`).join("\n")}

${(key === undefined ? ["Nothing was signed: no key was given (KEY=cosign.key, made by cosign generate-key-pair)."] : signed).join("\n")}

Install:
  helm install slipway oci://${chart.repository}@${chart.digest}${plain} \\
    --namespace slipway-system --create-namespace --set imageRegistry=${registry} \\
    --set image.digest=${operator.digest} \\
    --set server.image.digest=${server.digest}
`;
}
