import { spawn } from "node:child_process";

export type CommandOptions = {
  readonly input?: string | Uint8Array;
  readonly directory?: string;
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds?: number;
};

export type CommandOutput = { readonly stdout: string; readonly stderr: string };

/** A command could not be started, ended with another code than 0, or ran out of time. */
export class CommandError extends Error {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(message: string, exitCode: number | undefined, output: CommandOutput) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** Long enough for a build of Kubernetes from nothing on two busy cores. */
const defaultTimeoutMilliseconds = 45 * 60_000;

/** What an error message quotes of a command's output: enough for the cause, not the whole log. */
const quotedCharacters = 4_000;

/** Runs a command to its end and gives back what it printed; throws a {@link CommandError} otherwise. */
export function run(
  command: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    // Node's own option for this keeps the process alive until then when the command cannot be started.
    const patience = options.timeoutMilliseconds ?? defaultTimeoutMilliseconds;
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const fail = (why: string, exitCode?: number) => {
      clearTimeout(timer);
      const said = (stderr.trim() || stdout.trim()).slice(-quotedCharacters);
      const message = `${[command, ...parameters].join(" ").slice(0, 500)}: ${why}${said && `\n${said}`}`;
      reject(new CommandError(message, exitCode, { stdout, stderr }));
    };
    child.on("error", (error) => fail(error.message));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({ stdout, stderr });
      else fail(signal ? `ended by ${signal}` : `exit code ${code}`, code ?? undefined);
    });
    // A command that does not read its input closes it; its exit code tells whether that was right.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}
