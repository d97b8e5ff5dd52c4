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

function runsView(runs: readonly Run[]): HTMLElement[] {
  const times = runs.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  const longest = times.at(-1) ?? 1;
  const chart = element("ol", { class: "runs", "aria-hidden": "true" });
  for (const { status, milliseconds } of runs) {
    const meter = element("progress", { max: longest, value: milliseconds });
    chart.append(element("li", { title: `${status}: ${time(milliseconds)}`, class: status < 400 ? "" : "bad" }, meter));
  }
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
  return [facts, chart];
}

function fact(name: string, value: string): HTMLElement {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

function requestTable(requests: readonly SeenRequest[]): HTMLElement {
  if (requests.length === 0) return element("p", { class: "hint" }, "None yet.");
  const now = Date.now();
  const rows = requests.slice(0, shownRequests).map(({ secondsAgo, route, status, milliseconds }) => {
    const clock = new Date(now - 1000 * secondsAgo).toLocaleTimeString();
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
