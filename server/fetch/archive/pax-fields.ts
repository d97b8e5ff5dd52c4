/** Fields that pax adds to an entry, by name. */
export type PaxFields = Readonly<Record<string, string>>;

/** All others say nothing that is needed here, and would only cost memory. */
const neededField = /^(?:path|size|GNU\.sparse\.(?:name|major|minor|map|size|realsize|numblocks))$/;

/** Reads records of `length key=value` and a line's end (POSIX pax, "Extended Header"). Undefined where they are damaged. */
export function paxFields(records: Buffer): PaxFields | undefined {
  const fields: Record<string, string> = {};
  for (let at = 0; at < records.length && records[at] !== 0; ) {
    const [, digits] = /^(\d{1,10}) /.exec(records.toString("latin1", at, at + 11)) ?? [];
    const end = at + Number(digits);
    const equals = records.indexOf("=", at);
    if (digits === undefined || end > records.length || records[end - 1] !== 0x0a) return undefined;
    const start = at + digits.length + 1;
    if (equals < start || equals >= end) return undefined;
    const key = records.toString("latin1", start, equals);
    if (neededField.test(key)) fields[key] = records.toString("utf8", equals + 1, end - 1);
    at = end;
  }
  return fields;
}
