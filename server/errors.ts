/**
 * The catalogue of what can go wrong with a request. A problem is data: decoders return it, the edge writes it as
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
  return typeof value === "object" && value !== null && brand in value;
}

/** A value of the request for a message: short, on one line, never walked in depth. */
export function show(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > shownCharacters ? `${value.slice(0, shownCharacters)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (value === undefined) return "nothing";
  return typeof value === "number" || typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

/** Long enough to know a value again, short enough for a log line. */
const shownCharacters = 80;
/** Names listed in a message before it says how many more there are. */
const shownNames = 16;

function showNames(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map(show).join(", ");
  return names.length > shownNames ? `${shown} and ${names.length - shownNames} more` : shown;
}

function showShape(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

function problem(parts: Omit<Problem, typeof brand>): Problem {
  return { [brand]: true, ...parts };
}

function badRequest(code: string, message: string): Problem {
  return problem({ code, status: 400, message });
}

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
  methodNotAllowed: (method: string, allow: string): Problem =>
    problem({
      code: "MethodNotAllowed",
      status: 405,
      message: `method ${show(method)} is not possible here; allowed: ${allow}`,
      allow,
    }),
  notReady: (phase: string): Problem =>
    problem({
      code: "NotReady",
      status: 503,
      message: `the model takes no requests now: ${phase}; try again`,
      retryAfterSeconds: 1,
    }),

  // The body as bytes.
  badPathEncoding: (path: string): Problem =>
    badRequest("BadPath", `the path ${show(path)} is not percent-encoded UTF-8`),
  bodyEmpty: (expected: string): Problem => badRequest("BodyEmpty", `the body is empty; send ${expected}`),
  bodyTooLarge: (limitBytes: number): Problem =>
    problem({
      code: "BodyTooLarge",
      status: 413,
      message: `the body has more than the ${limitBytes} bytes that are allowed; send smaller batches`,
    }),
  bodyTimedOut: (seconds: number): Problem =>
    problem({
      code: "BodyTimedOut",
      status: 408,
      message: `the body did not arrive within ${seconds} s`,
    }),
  bodiesTooMany: (): Problem =>
    problem({
      code: "Overloaded",
      status: 503,
      message: "the bodies of requests under way fill the memory set aside for them; try again",
      retryAfterSeconds: 1,
    }),
  unsupportedEncoding: (encoding: string): Problem =>
    problem({
      code: "UnsupportedEncoding",
      status: 415,
      message: `content-encoding ${show(encoding)} is not known; allowed: identity, gzip, deflate`,
    }),
  badCompression: (encoding: string): Problem =>
    badRequest("BadCompression", `the body is not what its content-encoding ${show(encoding)} says, or it is cut off`),
  binaryUnsupported: (): Problem =>
    problem({
      code: "BinaryUnsupported",
      status: 415,
      message: "tensors in binary form are not taken; send them in the JSON body as data",
    }),
  notUtf8: (): Problem => badRequest("NotUtf8", "the body is not UTF-8; JSON is always UTF-8"),
  notJson: (detail: string): Problem =>
    badRequest(
      "NotJson",
      `the body is not valid JSON: ${detail}; numbers must be finite: NaN and Infinity have no form in JSON`,
    ),
  tooDeep: (depth: number): Problem =>
    badRequest("TooDeep", `the body is nested deeper than the ${depth} levels that are allowed`),
  tooManyParts: (parts: number): Problem =>
    badRequest(
      "TooManyParts",
      `the body has more than the ${parts} arrays and objects that are allowed; send data flat`,
    ),

  // The request as JSON.
  wrongField: (field: string, value: unknown, allowed: string): Problem =>
    badRequest("WrongField", `${field} is ${show(value)}; it must be ${allowed}`),
  missingField: (field: string, allowed: string): Problem =>
    badRequest("MissingField", `${field} is missing; send ${allowed}`),
  conflictingFields: (fields: string): Problem =>
    badRequest("ConflictingFields", `${fields} exclude each other; send one of them`),

  // Tensors.
  missingInput: (input: string, inputs: readonly string[]): Problem =>
    badRequest("MissingInput", `input ${show(input)} is missing; the model takes ${showNames(inputs)}`),
  unknownInput: (input: string, inputs: readonly string[]): Problem =>
    badRequest("UnknownInput", `input ${show(input)} is unknown; the model takes ${showNames(inputs)}`),
  duplicateInput: (input: string): Problem =>
    badRequest("DuplicateInput", `input ${show(input)} is there twice; send each input once`),
  unknownOutput: (output: string, outputs: readonly string[]): Problem =>
    badRequest("UnknownOutput", `output ${show(output)} is unknown; the model gives ${showNames(outputs)}`),
  duplicateOutput: (output: string): Problem =>
    badRequest("DuplicateOutput", `output ${show(output)} is asked for twice; name each output once`),
  wrongDatatype: (input: string, datatype: unknown, expected: string): Problem =>
    badRequest("WrongDatatype", `input ${show(input)} has datatype ${show(datatype)}; the model takes ${expected}`),
  wrongShape: (input: string, shape: readonly number[], expected: readonly number[]): Problem =>
    badRequest(
      "WrongShape",
      `input ${show(input)} has shape ${showShape(shape)}; the model takes ${showShape(expected)}${
        expected.includes(-1) ? ", where -1 stands for any size" : ""
      }`,
    ),
  badShape: (input: string, detail: string): Problem =>
    badRequest("BadShape", `the shape of input ${show(input)} ${detail}`),
  wrongCount: (input: string, count: number, shape: readonly number[], expected: number): Problem =>
    badRequest(
      "WrongCount",
      `input ${show(input)} has ${count} values in data; its shape ${showShape(shape)} needs ${expected}, flat or nested as the shape is`,
    ),
  ragged: (input: string, where: string, found: string, expected: string): Problem =>
    badRequest("Ragged", `input ${show(input)} is not rectangular: ${where} is ${found}, where ${expected} is needed`),
  wrongElement: (input: string, where: string, value: unknown, expected: string): Problem =>
    badRequest("WrongElement", `input ${show(input)}: ${where} is ${show(value)}; allowed: ${expected}`),
  notByRow: (output: string, shape: readonly number[], rows: number): Problem =>
    badRequest(
      "NotByRow",
      `output ${show(output)} has shape ${showShape(shape)}, which cannot be split into ${rows} predictions; send "inputs" instead of "instances"`,
    ),
  runRefused: (detail: string): Problem => badRequest("RunRefused", `the model cannot run on these inputs: ${detail}`),

  // The engine.
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
  engineFault: (): Problem =>
    problem({
      code: "EngineFault",
      status: 500,
      message: "the engine failed while it ran this request; the log has more under this request's id",
    }),
  internal: (): Problem =>
    problem({
      code: "Internal",
      status: 500,
      message: "the server failed while it handled this request; the log has more under this request's id",
    }),

  // The connection: written straight to the socket, as there is no request to answer.
  headerTooLarge: (limitBytes: number): Problem =>
    problem({
      code: "HeaderTooLarge",
      status: 431,
      message: `the request's line and headers have more than the ${limitBytes} bytes that are allowed`,
    }),
  headerTimedOut: (): Problem =>
    problem({ code: "HeaderTimedOut", status: 408, message: "the request did not arrive in time" }),
  notHttp: (): Problem => badRequest("NotHttp", "the bytes received are not an HTTP/1.1 request"),
} as const;
