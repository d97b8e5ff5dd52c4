/**
 * Enough for any message that helps, far from what the CRD allows, and the longest that a pod can leave: Kubernetes
 * cuts termination messages there.
 */
export const longestText = 4_096;

/**
 * Text from outside (a pod's report, the scheduler, an admission webhook) as it may stand in a status. The status is
 * written by server-side apply, whose body the API server reads as YAML: it refuses some characters that JSON allows
 * (control characters, halves of a surrogate pair) and changes others (Unicode line breaks become a space). A text
 * that comes back changed would be written anew in every pass, and one that is refused would keep the status from
 * being written at all.
 */
export function readable(text: string, longest: number = longestText): string {
  const clean = text.toWellFormed().replace(notInYaml, replacement);
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 2).toWellFormed()}…`;
}

const replacement = "\u{FFFD}";

/** DEL and the C1 controls, the Unicode line breaks, the byte order mark and the two non-characters. */
const notInYaml = /[\u{7F}-\u{9F}\u{2028}\u{2029}\u{FEFF}\u{FFFE}\u{FFFF}]/gu;
