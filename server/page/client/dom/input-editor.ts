import type { PageInput } from "../page-model.ts";
import { picturePlace } from "../picture.ts";
import { elementCount } from "../request.ts";
import { element } from "./element.ts";
import { type Editor, pictureEditor } from "./picture-editor.ts";
import { sampleEditor } from "./sample-editor.ts";
import { valuesEditor } from "./values-editor.ts";

const wayTexts = { picture: "Picture", sample: "Sample data", values: "Values" } as const;
type Way = keyof typeof wayTexts;

/** Above this, generated data comes first: nobody types that many values. */
const mostTyped = 256;

/** All ways to fill one input: a picture where it takes one, generated values, typed ones. */
export function inputEditor(input: PageInput, index: number, bodyLimitBytes: number): Editor {
  const place = picturePlace(input);
  const picture = place && pictureEditor(input, place, bodyLimitBytes);
  const sizeFields = input.shape.map((size, dimension) =>
    element("input", {
      type: "number",
      min: 0,
      step: 1,
      required: true,
      value: size === -1 ? (input.sampleShape[dimension] ?? 1) : size,
      "aria-label": `Size of dimension ${dimension} of ${input.name}`,
    }),
  );
  const sizes = (): number[] => sizeFields.map(({ value }) => Math.max(0, Math.trunc(Number(value))));
  const isFew = elementCount(sizes()) <= mostTyped;
  const ways: readonly Way[] = picture
    ? ["picture", "sample", "values"]
    : isFew
      ? ["values", "sample"]
      : ["sample", "values"];
  let way: Way = ways[0] ?? "values";
  let editor: Editor;
  /** Kept while the sizes stay: what was typed is there again when a person comes back. */
  const made = new Map<Way, Editor>();

  const body = element("div", { class: "editor" });
  const open = element("div", { class: "sizes" }, "Size");
  input.shape.forEach((size, dimension) => {
    const field = sizeFields[dimension];
    if (dimension > 0) open.append(element("span", {}, "×"));
    if (field !== undefined) open.append(size === -1 ? field : element("span", {}, String(size)));
  });
  const editorOf = (chosen: Way): Editor => {
    if (chosen === "picture" && picture !== undefined) return picture;
    const existing = made.get(chosen);
    if (existing !== undefined) return existing;
    const created = chosen === "sample" ? sampleEditor(input, sizes(), bodyLimitBytes) : valuesEditor(input, sizes());
    made.set(chosen, created);
    return created;
  };
  const show = (): void => {
    editor = editorOf(way);
    open.hidden = way === "picture" || !input.shape.includes(-1);
    body.replaceChildren(editor.node);
  };
  for (const field of sizeFields) {
    field.addEventListener("change", () => {
      made.clear();
      show();
    });
  }

  const buttons = ways.map((value) => {
    const radio = element("input", {
      type: "radio",
      name: `way-${index}`,
      value,
      checked: value === way,
      autocomplete: "off",
    });
    radio.addEventListener("change", () => {
      way = value;
      show();
    });
    return element("label", {}, radio, element("span", {}, wayTexts[value]));
  });
  show();
  return {
    node: element(
      "fieldset",
      {},
      element("legend", {}, element("code", {}, input.name), ` ${input.datatype} [${input.shape.join(", ")}]`),
      element("div", { class: "ways", role: "group", "aria-label": `How to fill ${input.name}` }, ...buttons),
      open,
      body,
    ),
    read: () => editor.read(),
  };
}
