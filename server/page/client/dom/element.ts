type Attributes = Readonly<Record<string, string | number | boolean>>;

/** An element with text or elements in it. Text is never taken for markup. True and false set or leave out an attribute. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) created.setAttribute(name, "");
    else if (value !== false) created.setAttribute(name, String(value));
  }
  created.append(...children);
  return created;
}

/** A control under its name. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return element("label", { class: "field" }, element("span", {}, text), control);
}

/** `options`: value and text. */
export function choice(options: readonly (readonly [string, string])[]): HTMLSelectElement {
  return element("select", {}, ...options.map(([value, text]) => element("option", { value }, text)));
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}
