import type { Edge } from "./edge.ts";

/** An edge without a process, and what was written to it. For tests. */
export interface TestEdge extends Edge {
  readonly written: () => string;
  readonly said: () => string;
}

export interface TestEdgeOptions {
  readonly variables?: Edge["variables"];
  readonly input?: string;
  readonly isTerminal?: boolean;
  readonly interrupted?: AbortSignal;
  readonly now?: () => number;
  readonly wallClock?: () => number;
}

export function testEdge(options: TestEdgeOptions = {}): TestEdge {
  const {
    variables = {},
    input = "",
    isTerminal = false,
    now = () => 0,
    wallClock = () => Date.UTC(2026, 0, 1),
  } = options;
  const written: string[] = [];
  const said: string[] = [];
  const terminal = (lines: string[]): Edge["output"] => ({
    write: (text) => void lines.push(text),
    isTerminal,
    columns: 80,
  });
  return {
    variables: { DOCKER_CONFIG: "/nowhere", ...variables },
    input: (async function* () {
      yield Buffer.from(input);
    })(),
    output: terminal(written),
    messages: terminal(said),
    interrupted: options.interrupted ?? new AbortController().signal,
    abandoned: new AbortController().signal,
    now,
    wallClock,
    random: () => 0.5,
    newRequestId: () => "request",
    pid: 1,
    availableCores: 1,
    memoryBytes: () => 0,
    script: new URL("main.ts", import.meta.url),
    packageRoot: new URL("../", import.meta.url),
    written: () => written.join(""),
    said: () => said.join(""),
  };
}
