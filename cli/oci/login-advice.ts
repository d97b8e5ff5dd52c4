/** Where credentials came from. */
export type Login = "none" | "given" | "stored";

/** What to do for who showed a registry no credentials. */
export function loginAdvice(registry: string): string {
  return `Log in with --username NAME --password-stdin, or let \`docker login ${registry}\` or \`oras login ${registry}\` store the credentials.`;
}

export function shownCredentials(login: Exclude<Login, "none">): string {
  return login === "given" ? "this name and password" : "the credentials that `docker login` or `oras login` stored";
}

/** What to do when a registry lets nobody push, or not with what it was shown. */
export function pushAdvice(registry: string, login: Login): string {
  if (login === "none") return loginAdvice(registry);
  return `It refused ${shownCredentials(login)}: check that they are right, not expired, and may push there.`;
}
