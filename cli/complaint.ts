export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error that a person can do something about: its message says what, and no stack is shown for it. */
export interface Complaint extends Error {
  readonly exitCode: typeof exitCodes.failed | typeof exitCodes.usage;
}

/** The thing that was asked for did not work. */
export function failed(message: string, cause?: unknown): Complaint {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { exitCode: exitCodes.failed });
}

/** The command was written wrongly: the caller must change its words, not the world. */
export function misused(message: string): Complaint {
  return Object.assign(new Error(message), { exitCode: exitCodes.usage });
}

export function isComplaint(error: unknown): error is Complaint {
  return error instanceof Error && "exitCode" in error;
}
