import type { Access } from "../access.ts";
import { loginAdvice, shownCredentials } from "../oci/login-advice.ts";

/** Words for whoever writes a ModelDeployment, and what they are for somebody who gives options and variables. */
type Translation = readonly [pods: RegExp, here: string];

/**
 * What the pod would report, in the words of a command: a Secret, a chart and a pod are an option, a variable and this
 * machine here. Credentials that were shown and refused are told from none.
 */
export function fetchComplaint(message: string, uri: string, { credentials }: Pick<Access, "credentials">): string {
  const host = /^\w+:\/\/([^/]*)/.exec(uri)?.[1] ?? "";
  const shown = shownCredentials(credentials === undefined ? "stored" : "given");
  const translations: readonly Translation[] = [
    [/the token of the source's Secret/, "the token in HF_TOKEN"],
    [/the credentials of the source's Secret/, shown],
    [/the credentials of the source(?=$|\W)/, "the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"],
    [/the keys of the source's Secret/, "the keys"],
    [/ in the source's Secret/, ""],
    [/Name a Secret with AWS_.*$/, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."],
    [/Put a token that may read it as HF_TOKEN.*$/, "Set HF_TOKEN to a token that may read it."],
    [/Name a Secret with \.dockerconfigjson.*$/, loginAdvice(host)],
    [/The \.dockerconfigjson of .* has no entry for it\..*$/, loginAdvice(host)],
    [/Name a Secret with token,.*$/, "Log in with --username NAME --password-stdin."],
    [/Put them into a Secret and name it in .*$/, "Give them with --username NAME --password-stdin."],
    [/name the host in the chart value registries\.plainHttpHosts.*$/, "use --plain-http."],
    [/Give its certificate authority to the chart.*$/, "Give its certificate authority with --ca FILE."],
    [/ in the pod\. Mount the volume.*$/, ". Check the path."],
    [/^The pod's user/, "This user"],
    [/ Make it readable, or set fsGroup\.$/, " Make it readable."],
  ];
  return translations.reduce((text, [pods, here]) => text.replace(pods, () => here), message);
}
