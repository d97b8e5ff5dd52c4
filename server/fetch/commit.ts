/** Whether a pin names a commit, as the Hub's do: 40 hex digits of Git. No store was seen to name a version so. */
export function isCommit(pin: string): boolean {
  return /^[0-9a-f]{40}$/.test(pin);
}
