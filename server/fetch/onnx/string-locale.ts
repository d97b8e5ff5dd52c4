import type { Field } from "./protobuf.ts";
import { inside, integer, type Reader, text } from "./reader.ts";

/** What StringNormalizer asks for when the model does not say (onnx `StringNormalizer` 10, ONNX Runtime's default). */
const defaultLocale = "en_US.UTF-8";

/**
 * The locale that ONNX Runtime looks up while it loads a StringNormalizer with these attributes; undefined when it needs
 * none:
 *
 * | case_change_action | stopwords | is_case_sensitive | locale |
 * |---|---|---|---|
 * | LOWER, UPPER | any | any | looked up |
 * | NONE | some | 0 (the default) | looked up, as words are compared without case |
 * | NONE | some | 1 | none |
 * | NONE | none | any | none |
 */
export function localeOf(reader: Reader, attributes: readonly Field[]): string | undefined {
  let locale = defaultLocale;
  let changesCase = false;
  let hasStopWords = false;
  let isCaseSensitive = false;
  for (const attribute of attributes) {
    const { name, value, number, count } = readValue(reader, attribute);
    if (name === "locale") locale = value;
    else if (name === "case_change_action") changesCase = value !== "NONE" && value !== "";
    else if (name === "stopwords") hasStopWords = count > 0;
    else if (name === "is_case_sensitive") isCaseSensitive = number !== 0;
  }
  return changesCase || (hasStopWords && !isCaseSensitive) ? locale : undefined;
}

/** An `AttributeProto`, as far as this operator's go: a text, a number, or a count of texts. */
function readValue(
  reader: Reader,
  at: Field,
): { readonly name: string; readonly value: string; readonly number: number; readonly count: number } {
  const read = { name: "", value: "", number: 0, count: 0 };
  for (const field of inside(reader, at)) {
    if (field.number === 1) read.name = text(reader, field);
    else if (field.number === 3) read.number = integer(field);
    else if (field.number === 4) read.value = text(reader, field);
    else if (field.number === 9) read.count += 1;
  }
  return read;
}
