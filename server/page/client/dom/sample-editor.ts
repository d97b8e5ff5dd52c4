import { mostElements } from "../body-bound.ts";
import type { PageInput } from "../page-model.ts";
import { elementCount } from "../request.ts";
import { type SampleKind, sampleElements, sampleKinds } from "../sample.ts";
import { choice, element, labelled } from "./element.ts";
import type { Editor } from "./picture-editor.ts";

/** Generated values for an input. */
export function sampleEditor({ name, datatype }: PageInput, sizes: readonly number[], bodyLimitBytes: number): Editor {
  const kind = choice(sampleKinds.map((value) => [value, value] as const));
  kind.value = "random";
  const seed = element("input", { type: "number", min: 0, step: 1, value: 1, required: true });
  const seedField = labelled("Seed", seed);
  kind.addEventListener("change", () => (seedField.hidden = kind.value !== "random"));
  const count = elementCount(sizes);
  return {
    node: element(
      "div",
      { class: "fields" },
      labelled("Values", kind),
      seedField,
      element("p", { class: "hint" }, count === 1 ? "1 value" : `${count.toLocaleString("en")} values`),
    ),
    read() {
      if (count > mostElements(bodyLimitBytes))
        return { mistake: `${name}: ${count} values are too many. Choose smaller sizes.` };
      const elements = sampleElements(datatype, count, kind.value as SampleKind, Number(seed.value));
      return { shape: sizes, data: `[${elements.join(",")}]` };
    },
  };
}
