/** What a registry asks for with status 401: RFC 9110 §11.6.1 and the token flow of the OCI registries. */
export interface BearerChallenge {
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string | undefined;
}

// One `name=token` or `name="quoted string"`; sticky, so that the header is read once from left to right.
const parameterPattern = /\s*,?\s*([a-zA-Z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/y;
const schemePattern = /(?:^|,)\s*bearer\s+/i;

/** The Bearer challenge of a `WWW-Authenticate` header; undefined when it holds none, or one without a realm. */
export function parseBearerChallenge(header: string): BearerChallenge | undefined {
  const scheme = schemePattern.exec(header);
  if (scheme === null) return undefined;
  const parameters = new Map<string, string>();
  parameterPattern.lastIndex = scheme.index + scheme[0].length;
  for (;;) {
    const parameter = parameterPattern.exec(header);
    if (parameter === null) break;
    const [, name = "", quoted, token = ""] = parameter;
    parameters.set(name.toLowerCase(), quoted === undefined ? token : quoted.replace(/\\(.)/g, "$1"));
  }
  const realm = parameters.get("realm");
  if (realm === undefined) return undefined;
  return { realm, service: parameters.get("service"), scope: parameters.get("scope") };
}

/** Whether a `WWW-Authenticate` header takes a user name and password (RFC 7617). */
export function hasBasicChallenge(header: string): boolean {
  return /(?:^|,)\s*basic(?:\s|,|$)/i.test(header);
}
