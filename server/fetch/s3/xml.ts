/**
 * Just enough XML for the answers of S3 and STS, whose elements are nested but never within their own kind, and carry no
 * attributes that matter.
 */

/** The insides of every element of a name, in order. */
export function* elements(xml: string, name: string): Generator<string, void, undefined> {
  const opening = new RegExp(`<${name}(?:\\s[^<>]*)?/?>`, "g");
  const closing = `</${name}>`;
  for (;;) {
    const start = opening.exec(xml);
    if (start === null) return;
    if (start[0].endsWith("/>")) {
      yield "";
      continue;
    }
    const from = start.index + start[0].length;
    const end = xml.indexOf(closing, from);
    if (end === -1) return;
    yield xml.slice(from, end);
    opening.lastIndex = end + closing.length;
  }
}

/** The text of the first element of a name; undefined when there is none. */
export function textOf(xml: string, name: string): string | undefined {
  const [inside] = elements(xml, name);
  return inside === undefined ? undefined : unescape(inside);
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/g,
    (whole, hex, decimal, name) => {
      if (typeof name === "string") return entities[name] ?? whole;
      const code = typeof hex === "string" ? Number.parseInt(hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
