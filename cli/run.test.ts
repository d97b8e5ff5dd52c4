import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Command } from "./command.ts";
import { exitCodes, failed } from "./complaint.ts";
import { commands } from "./commands.ts";
import { failure } from "../server/fetch/failure.ts";
import { run } from "./run.ts";
import { testEdge, type TestEdge, type TestEdgeOptions } from "./test-edge.ts";

const version = "1.2.3";

async function ran(
  words: readonly string[],
  options: TestEdgeOptions = {},
  table: readonly Command[] = commands,
): Promise<{ code: number; edge: TestEdge }> {
  const edge = testEdge(options);
  return { code: await run(words, edge, { commands: table, version }), edge };
}

function throwing(error: unknown): Command {
  return {
    name: "fall",
    summary: "Falls.",
    operands: "",
    operandCount: [0, 0],
    about: [],
    options: { far: { about: "How far.", value: "N", range: [1, 3], fallback: "2" } },
    examples: [],
    run: async () => {
      throw error;
    },
  };
}

describe("help", () => {
  for (const words of [["--help"], ["-h"], ["help"]]) {
    test(words.join(" "), async () => {
      const { code, edge } = await ran(words);
      assert.equal(code, exitCodes.done);
      for (const { name, summary } of commands) assert.ok(edge.written().includes(`${name.padEnd(7)}  ${summary}`));
      assert.equal(edge.said(), "");
    });
  }

  for (const command of commands) {
    test(`of ${command.name} has every option and an example`, async () => {
      const { code, edge } = await ran([command.name, "--help"]);
      assert.equal(code, exitCodes.done);
      for (const option of Object.keys(command.options)) assert.ok(edge.written().includes(`--${option}`), option);
      assert.ok(command.examples.length > 0);
      for (const example of command.examples) assert.ok(edge.written().includes(example.command.split("\n")[0] ?? ""));
      assert.equal((await ran(["help", command.name])).edge.written(), edge.written());
    });

    test(`of ${command.name} fits into 100 columns, but for commands to copy`, async () => {
      const { edge } = await ran([command.name, "--help"]);
      const long = edge
        .written()
        .split("\n")
        .filter(
          (line) => line.length > 100 && !command.examples.some((example) => example.command.includes(line.trim())),
        );
      assert.deepEqual(long, []);
    });
  }

  test("wins over whatever else is wrong", async () => {
    const { code, edge } = await ran(["push", "--help"]);
    assert.equal(code, exitCodes.done);
    assert.match(edge.written(), /^Push a model/);
  });

  test("is bold on a terminal alone", async () => {
    assert.ok((await ran(["--help"], { isTerminal: true })).edge.written().includes("\x1b["));
    assert.ok(!(await ran(["--help"])).edge.written().includes("\x1b["));
    const noColour = { isTerminal: true, variables: { NO_COLOR: "1" } };
    assert.ok(!(await ran(["--help"], noColour)).edge.written().includes("\x1b["));
  });
});

test("the version", async () => {
  const { code, edge } = await ran(["--version"]);
  assert.deepEqual([code, edge.written()], [exitCodes.done, "1.2.3\n"]);
});

describe("wrong usage is told on standard error, with exit code 2", () => {
  const cases: readonly (readonly [words: readonly string[], says: RegExp])[] = [
    [[], /^Slipway serves/],
    [["pusch"], /there is no command "pusch": did you mean push\?\nslipway --help/],
    [["xyzzy"], /there is no command "xyzzy": there are plan, push, inspect, serve, predict/],
    [["help", "pusch"], /did you mean push/],
    [["push"], /slipway push takes MODEL oci:\/\/HOST\/REPOSITORY:TAG; none were given\nslipway push --help/],
    [["push", "a", "b", "c"], /given: "a", "b", "c"/],
    [["plan", "x"], /slipway plan takes no arguments; given: "x"/],
    [["plan", "--filenam", "x"], /slipway plan has no option --filenam, did you mean --filename\?/],
    [["plan", "--xyzzy"], /slipway plan has no option --xyzzy\n/],
    [["plan", "-x"], /slipway plan has no option -x\n/],
    [["plan", "-f"], /needs a value: .*FILE/],
    [["inspect", "m", "--load=yes"], /--load is a switch and takes no value/],
    [["inspect", "m", "-o", "xml"], /--output "xml": allowed are text, json/],
    [["serve", "m", "--port", "70000"], /--port "70000": a whole number from 0 to 65535/],
    [["serve", "m", "--port", "1e3", "--workers", "0"], /--port "1e3".*\n--workers "0": a whole number from 1 to 16/],
  ];
  for (const [words, says] of cases) {
    test(`slipway ${words.join(" ")}`, async () => {
      const { code, edge } = await ran(words);
      assert.equal(code, exitCodes.usage);
      assert.match(edge.said(), says);
      assert.equal(edge.written(), "");
    });
  }
});

describe("errors", () => {
  test("that were foreseen are one message", async () => {
    const { code, edge } = await ran(["fall"], {}, [throwing(failed("the floor is wet: mop it"))]);
    assert.deepEqual([code, edge.said()], [exitCodes.failed, "error: the floor is wet: mop it\n"]);
  });

  test("of the download are one message", async () => {
    const { code, edge } = await ran(["fall"], {}, [throwing(failure("NotAModel", "It is no model."))]);
    assert.deepEqual([code, edge.said()], [exitCodes.failed, "error: It is no model.\n"]);
  });

  test("that were not foreseen show no stack, unless it is asked for", async () => {
    const bug = new TypeError("x is not a function");
    const { code, edge } = await ran(["fall"], {}, [throwing(bug)]);
    assert.equal(code, exitCodes.failed);
    assert.match(edge.said(), /^error: x is not a function\nThis error was not foreseen\. Set SLIPWAY_DEBUG=1/);
    assert.doesNotMatch(edge.said(), /^ +at /m);
    const debugged = await ran(["fall"], { variables: { SLIPWAY_DEBUG: "1" } }, [throwing(bug)]);
    assert.match(debugged.edge.said(), /^ +at /m);
  });

  test("after an interruption are the interruption", async () => {
    const { code, edge } = await ran(["fall"], { interrupted: AbortSignal.abort() }, [throwing(new Error("aborted"))]);
    assert.deepEqual([code, edge.said()], [exitCodes.interrupted, "interrupted\n"]);
  });

  test("are red on a terminal", async () => {
    const { edge } = await ran(["fall"], { isTerminal: true }, [throwing(failed("no"))]);
    assert.equal(edge.said(), "\x1b[31merror:\x1b[39m no\n");
  });
});

test("an option has its value, its fallback, or nothing", async () => {
  const seen: (string | number | boolean | undefined)[] = [];
  const command: Command = {
    ...throwing(undefined),
    options: { far: { about: "", value: "N", fallback: "2" }, fast: { about: "" }, name: { about: "", value: "N" } },
    run: async (invocation) => {
      seen.push(invocation.whole("far"), invocation.isSet("far"), invocation.isSet("fast"), invocation.text("name"));
      return exitCodes.done;
    },
  };
  await ran(["fall"], {}, [command]);
  await ran(["fall", "--far", "7", "--fast", "--name="], {}, [command]);
  assert.deepEqual(seen, [2, false, false, undefined, 7, true, true, ""]);
});
