/**
 * Names of components out of names of tensors: OpenAPI allows letters, digits, `.`, `-` and `_`, and generators make
 * classes of them. `/encoder/input.1` becomes `EncoderInput1`; what has no letter of ASCII is numbered.
 */
export function componentNames(prefix: string, names: readonly string[]): readonly string[] {
  const used = new Set<string>();
  return names.map((name, index) => {
    const words = name.match(/[a-zA-Z0-9]+/g) ?? [];
    const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
    const wanted = `${prefix}${joined.slice(0, nameCharacters)}`;
    // Generators often tell classes apart without regard to case.
    const isFree = joined !== "" && !used.has(wanted.toLowerCase());
    let given = isFree ? wanted : `${wanted}_${index + 1}`;
    for (let more = 2; used.has(given.toLowerCase()); more++) given = `${wanted}_${index + 1}_${more}`;
    used.add(given.toLowerCase());
    return given;
  });
}

/** A name of a tensor may be as long as its exporter liked. */
const nameCharacters = 64;
