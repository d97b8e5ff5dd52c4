import type { PageInput } from "../page-model.ts";
import { elementCount, nestedText, typedTensor, valueJson } from "../request.ts";
import { sampleElements } from "../sample.ts";
import { element } from "./element.ts";
import type { Editor } from "./picture-editor.ts";

/** More values than these are easier to paste than to type. */
const mostFields = 16;
/** Above this a text field is slow, and nobody reads it: it starts empty. */
const mostWritten = 4096;

/** Values typed by a person: a field for each, or nested arrays. `sizes`: of all dimensions. */
export function valuesEditor(input: PageInput, sizes: readonly number[]): Editor {
  const count = elementCount(sizes);
  return count > 0 && count <= mostFields ? fieldsEditor(input, sizes, count) : textEditor(input, sizes, count);
}

function fieldsEditor({ name, datatype }: PageInput, sizes: readonly number[], count: number): Editor {
  const zero = datatype === "BYTES" ? "" : datatype === "BOOL" ? "false" : "0";
  const fields = Array.from({ length: count }, (_, index) => {
    const label = count === 1 ? name : `${name} ${index}`;
    const attributes = { "aria-label": label, value: zero, autocomplete: "off", spellcheck: "false" };
    if (datatype !== "BOOL") {
      const inputmode = datatype === "BYTES" ? "text" : "decimal";
      return element("input", { type: "text", inputmode, ...attributes });
    }
    const select = element("select", { "aria-label": label });
    select.append(element("option", {}, "false"), element("option", {}, "true"));
    return select;
  });
  return {
    node: element("div", { class: "values" }, ...fields),
    read: () => ({ shape: sizes, data: `[${fields.map(({ value }) => valueJson(datatype, value)).join(",")}]` }),
  };
}

function textEditor({ name, datatype }: PageInput, sizes: readonly number[], count: number): Editor {
  const area = element("textarea", { rows: 6, spellcheck: "false", "aria-label": name });
  area.placeholder = `Nested arrays of the shape [${sizes.join(", ")}], or ${count.toLocaleString("en")} values in one array`;
  if (count <= mostWritten) area.value = nestedText(sampleElements(datatype, count, "zeros", 0), sizes);
  return {
    node: area,
    read() {
      const read = typedTensor(area.value, sizes);
      return "mistake" in read ? { mistake: `${name}: ${read.mistake}` } : read;
    },
  };
}
