import type { Command } from "./command.ts";
import { type ExitCode, exitCodes, isComplaint, misused } from "./complaint.ts";
import type { Edge } from "./edge.ts";
import { commandHelp, overview } from "./help.ts";
import { parseInvocation } from "./invocation.ts";
import { isFailure } from "../server/fetch/failure.ts";
import { nearest } from "./text/nearest.ts";
import { hasColour, styleOf } from "./text/style.ts";

/**
 * One run of `slipway`: words to command, command to exit code. Whatever is thrown becomes a message on standard
 * error; a stack is shown only to who asks for it with SLIPWAY_DEBUG.
 */
export async function run(
  words: readonly string[],
  edge: Edge,
  { commands, version }: { readonly commands: readonly Command[]; readonly version: string },
): Promise<ExitCode> {
  const style = styleOf(hasColour(edge.output, edge.variables));
  const [first, ...rest] = words;
  try {
    if (first === undefined) {
      edge.messages.write(overview(commands));
      return exitCodes.usage;
    }
    if (first === "--version") {
      edge.output.write(`${version}\n`);
      return exitCodes.done;
    }
    const asked = first === "help" ? rest[0] : undefined;
    if (first === "--help" || first === "-h" || (first === "help" && asked === undefined)) {
      edge.output.write(overview(commands, style));
      return exitCodes.done;
    }
    const command = commandNamed(asked ?? first, commands);
    const parsed = asked === undefined ? parseInvocation(command, rest) : ({ help: true } as const);
    if (parsed.help) {
      edge.output.write(commandHelp(command, style));
      return exitCodes.done;
    }
    return await command.run(parsed.invocation, edge);
  } catch (error) {
    return complain(error, first, edge, commands);
  }
}

function commandNamed(name: string, commands: readonly Command[]): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name);
  const guess = nearest(name, names);
  const hint = guess === undefined ? `there are ${names.join(", ")}` : `did you mean ${guess}?`;
  throw misused(`there is no command ${JSON.stringify(name)}: ${hint}`);
}

function complain(
  error: unknown,
  first: string | undefined,
  { messages, variables, interrupted }: Edge,
  commands: readonly Command[],
): ExitCode {
  // What was cut off by Ctrl-C shows itself as whatever error the cut caused.
  if (interrupted.aborted) {
    messages.write("interrupted\n");
    return exitCodes.interrupted;
  }
  const style = styleOf(hasColour(messages, variables));
  const say = (text: string): void => messages.write(`${style.bad("error:")} ${text}\n`);
  const isDebug = (variables["SLIPWAY_DEBUG"] ?? "") !== "";
  if (isDebug && error instanceof Error) messages.write(`${error.stack ?? error.message}\n`);
  if (isComplaint(error)) {
    say(error.message);
    if (error.exitCode === exitCodes.usage) {
      const known = commands.some(({ name }) => name === first);
      messages.write(`slipway ${known ? `${first} ` : ""}--help shows how it is used\n`);
    }
    return error.exitCode;
  }
  if (isFailure(error)) {
    say(error.message);
    return exitCodes.failed;
  }
  const text = error instanceof Error ? error.message : String(error);
  say(`${text}\nThis error was not foreseen. Set SLIPWAY_DEBUG=1 to see where it arose, and report it.`);
  return exitCodes.failed;
}
