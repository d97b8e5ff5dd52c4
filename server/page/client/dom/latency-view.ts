import { element } from "./element.ts";

interface SeenRequest {
  readonly secondsAgo: number;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

type Run = Pick<SeenRequest, "status" | "milliseconds">;

export interface LatencyView {
  /** A prediction that this page asked for. */
  readonly add: (status: number, milliseconds: number) => void;
}

const refreshMilliseconds = 3000;
const keptRuns = 30;
const shownRequests = 15;

/** Time that the last predictions of this page took, and the last requests that the server saw. */
export function latencyView(own: HTMLElement, seen: HTMLElement): LatencyView {
  const runs: Run[] = [];

  const refresh = async (): Promise<void> => {
    if (document.visibilityState !== "visible") return;
    try {
      const response = await fetch("page/recent");
      seen.replaceChildren(requestTable((await response.json()) as readonly SeenRequest[]));
    } catch {
      seen.replaceChildren(element("p", { class: "hint" }, "The server cannot be reached."));
    }
  };
  void refresh();
  setInterval(() => void refresh(), refreshMilliseconds);
  document.addEventListener("visibilitychange", () => void refresh());

  return {
    add(status, milliseconds) {
      runs.push({ status, milliseconds });
      if (runs.length > keptRuns) runs.shift();
      own.replaceChildren(...runsView(runs));
      void refresh();
    },
  };
}

function runsView(runs: readonly Run[]): Element[] {
  const times = runs.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  const longest = times.at(-1) ?? 1;
  const last = runs.at(-1)?.milliseconds ?? 0;
  const median = times[Math.floor((times.length - 1) / 2)] ?? 0;
  const facts = element(
    "dl",
    { class: "facts" },
    fact("last", time(last)),
    fact("median", time(median)),
    fact("longest", time(longest)),
    fact("predictions", String(runs.length)),
  );
  return [facts, chart(runs, longest)];
}

/** A column for each run, the newest at the right. */
function chart(runs: readonly Run[], longest: number): SVGSVGElement {
  const picture = drawn("svg", { class: "runs", viewBox: `0 0 ${keptRuns} 1`, preserveAspectRatio: "none" });
  picture.setAttribute("aria-hidden", "true");
  runs.forEach(({ status, milliseconds }, index) => {
    const height = milliseconds / longest;
    const x = keptRuns - runs.length + index + 0.1;
    const column = drawn("rect", { x, y: 1 - height, width: 0.8, height, class: status < 400 ? "" : "bad" });
    const title = drawn("title", {});
    title.textContent = `${status}: ${time(milliseconds)}`;
    column.append(title);
    picture.append(column);
  });
  return picture;
}

function drawn<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[Tag] {
  const created = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, String(value));
  return created;
}

function fact(name: string, value: string): HTMLElement {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

function requestTable(requests: readonly SeenRequest[]): HTMLElement {
  if (requests.length === 0) return element("p", { class: "hint" }, "None yet.");
  const now = Date.now();
  const rows = requests.slice(0, shownRequests).map(({ secondsAgo, route, status, milliseconds }) => {
    const clock = new Date(now - 1000 * secondsAgo).toLocaleTimeString([], { hour12: false });
    return element(
      "tr",
      { class: status < 400 ? "" : "bad" },
      element("td", {}, clock),
      element("td", {}, element("code", {}, route)),
      element("td", {}, String(status)),
      element("td", { class: "number" }, time(milliseconds)),
    );
  });
  const head = ["Time", "Path", "Status", "Duration"].map((text) => element("th", { scope: "col" }, text));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

function time(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0)} ms`;
}
