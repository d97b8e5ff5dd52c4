import { show, showNames } from "./show.ts";

/**
 * What can go wrong with a request. A problem is data: decoders return it, the edge writes it as
 * `{"error": message, "code": code}`. A message names the offending value and what is allowed; it never holds a path
 * of the machine, a stack or text of a library that was not cleaned.
 */

const brand = Symbol("problem");

export interface Problem {
  /** No value that was parsed from a request can carry a symbol, so none is ever taken for a problem. */
  readonly [brand]: true;
  /** Stable name for programs. */
  readonly code: string;
  /** HTTP status. 4xx: the request must change. 503: the same request may succeed later. 500, 504: our own fault. */
  readonly status: number;
  readonly message: string;
  /** Methods that the path takes, with 405. */
  readonly allow?: string;
  /** With 503. */
  readonly retryAfterSeconds?: number;
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && (value as Partial<Problem>)[brand] !== undefined;
}

/** A problem as the body of an answer. */
export function problemJson({ code, message }: Problem): string {
  return JSON.stringify({ error: message, code });
}

/** Makes a problem. Catalogues only. */
export function problem(parts: Omit<Problem, typeof brand>): Problem {
  return { [brand]: true, ...parts };
}

export function badRequest(code: string, message: string): Problem {
  return problem({ code, status: 400, message });
}

/** What more than one layer meets. What one alone meets stands in its own catalogue. */
export const problems = {
  // The way to the model.
  unknownPath: (path: string): Problem =>
    problem({
      code: "UnknownPath",
      status: 404,
      message: `there is nothing at ${show(path)}; GET / lists what there is`,
    }),
  unknownModel: (model: string, served: string): Problem =>
    problem({
      code: "UnknownModel",
      status: 404,
      message: `model ${show(model)} is not served here; this server serves ${show(served)}`,
    }),
  unknownVersion: (version: string, served: string): Problem =>
    problem({
      code: "UnknownVersion",
      status: 404,
      message: `version ${show(version)} is not served here; this server serves version ${show(served)}`,
    }),
  badPathEncoding: (path: string): Problem =>
    badRequest("BadPath", `the path ${show(path)} is not percent-encoded UTF-8`),
  methodNotAllowed: (method: string, allow: string): Problem =>
    problem({
      code: "MethodNotAllowed",
      status: 405,
      message: `method ${show(method)} is not possible here; allowed: ${allow}`,
      allow,
    }),
  originNotAllowed: (origin: string): Problem =>
    problem({
      code: "OriginNotAllowed",
      status: 403,
      message: `pages of the origin ${show(origin)} may not call this server; the server's setting SLIPWAY_CORS_ORIGINS lists those that may`,
    }),
  explainUnsupported: (): Problem =>
    problem({
      code: "ExplainUnsupported",
      status: 501,
      message:
        "explanations are not made here; run an explainer as a client that sends its changed inputs to :predict, or as a service of its own in front of this one",
    }),
  notReady: (phase: string): Problem =>
    problem({
      code: "NotReady",
      status: 503,
      message: `the model takes no requests now: ${phase}; try again`,
      retryAfterSeconds: 1,
    }),
  notAcceptable: (acceptEncoding: string): Problem =>
    problem({
      code: "NotAcceptable",
      status: 406,
      message: `accept-encoding ${show(acceptEncoding)} refuses every form of answer that there is: identity, and where the server compresses gzip, deflate and zstd`,
    }),

  // The body as bytes.
  bodyEmpty: (expected: string): Problem => badRequest("BodyEmpty", `the body is empty; send ${expected}`),
  bodyTooLarge: (limitBytes: number): Problem =>
    problem({
      code: "BodyTooLarge",
      status: 413,
      message: `the body has more than the ${limitBytes} bytes that are allowed; send smaller batches`,
    }),
  bodiesTooMany: (): Problem =>
    problem({
      code: "Overloaded",
      status: 503,
      message: "the bodies of requests under way fill the memory set aside for them; try again",
      retryAfterSeconds: 1,
    }),
  notUtf8: (): Problem => badRequest("NotUtf8", "the body is not UTF-8; JSON is always UTF-8"),
  notJson: (detail: string): Problem => badRequest("NotJson", `the body is not valid JSON: ${detail}`),
  tooDeep: (depth: number): Problem =>
    badRequest("TooDeep", `the body is nested deeper than the ${depth} levels that are allowed`),

  // The request as JSON.
  wrongField: (field: string, value: unknown, allowed: string): Problem =>
    badRequest("WrongField", `${field} is ${show(value)}; it must be ${allowed}`),
  missingField: (field: string, allowed: string): Problem =>
    badRequest("MissingField", `${field} is missing; send ${allowed}`),
  repeatedField: (field: string, times: number): Problem =>
    badRequest(
      "RepeatedField",
      `${show(field)} and others are repeated more than ${times} times in one object; send each once`,
    ),
  conflictingFields: (fields: string): Problem =>
    badRequest("ConflictingFields", `${fields} exclude each other; send one of them`),
  unsupportedParameter: (parameter: string, place: string, known: readonly string[]): Problem =>
    badRequest(
      "UnsupportedParameter",
      `parameter ${show(parameter)} of ${place} has no effect here, so it is refused; leave it out (taken are ${showNames(known)})`,
    ),

  // The engine.
  runRefused: (detail: string): Problem => badRequest("RunRefused", `the model cannot run on these inputs: ${detail}`),
  queueFull: (limit: number): Problem =>
    problem({
      code: "QueueFull",
      status: 503,
      message: `${limit} requests are waiting already; try again`,
      retryAfterSeconds: 1,
    }),
  queueExpired: (seconds: number): Problem =>
    problem({
      code: "QueueExpired",
      status: 503,
      message: `no worker was free for ${seconds} s, so the request was not run; try again`,
      retryAfterSeconds: 1,
    }),
  runTimedOut: (seconds: number): Problem =>
    problem({
      code: "RunTimedOut",
      status: 504,
      message: `the model ran longer than the ${seconds} s that are allowed; send smaller inputs`,
    }),
  outOfMemory: (): Problem =>
    problem({
      code: "OutOfMemory",
      status: 503,
      message: "the model found no memory for these inputs; send smaller batches or raise the memory limit",
      retryAfterSeconds: 1,
    }),
  answerTooLarge: (bytes: number): Problem =>
    problem({
      code: "AnswerTooLarge",
      status: 503,
      message: `the outputs have ${bytes} bytes, for which there is no memory now; ask for fewer outputs or send smaller batches`,
      retryAfterSeconds: 1,
    }),
  engineFault: (): Problem =>
    problem({
      code: "EngineFault",
      status: 500,
      message: "the engine failed while it ran this request; the log has more under this request's id",
    }),
  crashesEngine: (): Problem =>
    problem({
      code: "CrashesEngine",
      status: 422,
      message:
        "these inputs crashed the engine each time they ran, so for an hour they are not run; send others, and see the log of the server",
    }),
  internal: (): Problem =>
    problem({
      code: "Internal",
      status: 500,
      message: "the server failed while it handled this request; the log has more under this request's id",
    }),
} as const;
