import { element } from "./element.ts";

const shownMilliseconds = 1500;

/** A button that copies what `text` gives when it is pressed. */
export function copyButton(name: string, text: () => string): HTMLButtonElement {
  const button = element("button", { type: "button", class: "copy", "aria-label": name }, "Copy");
  const press = async (): Promise<void> => {
    button.textContent = (await copy(text())) ? "Copied" : "Not allowed";
    setTimeout(() => (button.textContent = "Copy"), shownMilliseconds);
  };
  button.addEventListener("click", () => void press());
  return button;
}

/** Browsers give the clipboard to pages of https and of this machine only; elsewhere the old way still works. */
async function copy(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the person or by a policy of the browser: the old way may be allowed.
    }
  }
  const area = element("textarea", { class: "unseen", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
