/** Any page, from wherever it was loaded. */
export const anyOrigin = "*";
/** What a browser says of a page without an origin of its own: a sandboxed frame, a file, a `data:` URL. */
const noOrigin = "null";
/** More are a rule, not a list. */
const mostOrigins = 64;

export type CorsOrigins =
  | { readonly ok: true; readonly origins: readonly string[] }
  | { readonly ok: false; readonly mistake: string };

/**
 * Reads a comma-separated list of origins, and gives each as browsers write it in the header `Origin` (WHATWG HTML,
 * "serialization of an origin"): scheme, host and the port that is not the scheme's own. `*` stands for all of them and
 * alone.
 */
export function readCorsOrigins(text: string): CorsOrigins {
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  if (entries.length > mostOrigins) {
    return { ok: false, mistake: `has ${entries.length} entries; at most ${mostOrigins} are allowed` };
  }
  if (entries.includes(anyOrigin) && entries.length > 1) {
    return {
      ok: false,
      mistake: `has other entries beside "*", which allows every origin; leave one or the other out`,
    };
  }
  const origins = new Set<string>();
  for (const entry of entries) {
    const origin = entry === anyOrigin || entry === noOrigin ? entry : originOf(entry);
    if (origin === undefined) {
      const shown = JSON.stringify(entry.slice(0, 80));
      return {
        ok: false,
        mistake: `has the entry ${shown}; an origin is scheme://host or scheme://host:port without a path, as "https://app.example.com", or one of "*" and "null"`,
      };
    }
    origins.add(origin);
  }
  return { ok: true, origins: [...origins] };
}

/** A scheme, and a host with nothing behind it but a port. A host has no wildcards: a list is compared, not matched. */
const originPattern = /^([a-z][a-z0-9+.-]*):\/\/[^\s/?#@*\\]+$/i;

function originOf(entry: string): string | undefined {
  const scheme = originPattern.exec(entry)?.[1]?.toLowerCase();
  if (scheme === undefined || !URL.canParse(entry)) return undefined;
  const { origin, host } = new URL(entry);
  // Of schemes that it does not know, such as those of browser extensions, URL gives no origin; browsers write one.
  return scheme === "http" || scheme === "https" ? origin : `${scheme}://${host.toLowerCase()}`;
}
