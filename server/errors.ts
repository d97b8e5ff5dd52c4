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
  return typeof value === "object" && value !== null && (value as Partial<Problem>)[brand] !== undefined;
}

/** A problem as the body of an answer. */
export function problemJson({ code, message }: Problem): string {
  return JSON.stringify({ error: message, code });
}

const word = Symbol("word");

/** What stands for a value that was read past, in a message. */
export interface Shown {
  readonly [word]: string;
}

/** Arrays and objects are counted where they are read, never kept: a word for one, as "an array of 3". */
export function asShown(text: string): Shown {
  return { [word]: text };
}

/** A value of the request for a message: short, on one line, never walked in depth. */
export function show(value: unknown): string {
  if (typeof value === "object" && value !== null && word in value) return String(value[word]);
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

export function showShape(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

function showShapes(shapes: readonly (readonly number[])[]): string {
  const shown = shapes.slice(0, shownNames).map(showShape).join(", ");
  return shapes.length > shownNames ? `${shown} and ${shapes.length - shownNames} more` : shown;
}

/** The size of one dimension of an input. */
export interface SizeFound {
  readonly input: string;
  readonly dimension: number;
  readonly size: number;
}

function placeOfSize({ input, dimension }: SizeFound): string {
  return `dimension ${dimension} of input ${show(input)}`;
}

/** Makes a problem. Catalogues only: whatever is not here stands in that of `grpc/`. */
export function problem(parts: Omit<Problem, typeof brand>): Problem {
  return { [brand]: true, ...parts };
}

export function badRequest(code: string, message: string): Problem {
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
  bodyTooSlow: (bytesPerSecond: number): Problem =>
    problem({
      code: "BodyTooSlow",
      status: 408,
      message: `the body came slower than ${bytesPerSecond} bytes a second; send it faster or in smaller batches`,
    }),
  badChunks: (): Problem =>
    badRequest("BadChunks", "the chunks of the body are malformed: RFC 9112 section 7.1 says how they are written"),
  unsupportedEncoding: (encoding: string, allowed = "identity, gzip, deflate"): Problem =>
    problem({
      code: "UnsupportedEncoding",
      status: 415,
      message: `content-encoding ${show(encoding)} is not known; allowed: ${allowed}`,
    }),
  windowTooLarge: (limitBytes: number): Problem =>
    problem({
      code: "WindowTooLarge",
      status: 413,
      message: `the body was compressed with a window of more than the ${limitBytes} bytes that are allowed; use a lower level`,
    }),
  badCompression: (encoding: string): Problem =>
    badRequest("BadCompression", `the body is not what its content-encoding ${show(encoding)} says, or it is cut off`),
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

  // The binary tensor data extension.
  badHeaderLength: (length: string, bodyBytes: number): Problem =>
    badRequest(
      "BadHeaderLength",
      `the header inference-header-content-length is ${show(length)}; it must be the number of bytes of JSON at the start of the body, at most its ${bodyBytes}`,
    ),
  noHeaderLength: (input: string): Problem =>
    badRequest(
      "NoHeaderLength",
      `input ${show(input)} has binary_data_size, but the request has no header inference-header-content-length; send it with the number of bytes of JSON at the start of the body`,
    ),
  notRaw: (detail: string): Problem =>
    badRequest(
      "NotRaw",
      `inference-header-content-length is 0, so the body is taken for the data of one input: ${detail}; send JSON before it`,
    ),
  missingBytes: (input: string, bytes: number, left: number): Problem =>
    badRequest("MissingBytes", `input ${show(input)} says ${bytes} bytes of data; the body has ${left} left for it`),
  leftoverBytes: (bytes: number): Problem =>
    badRequest(
      "LeftoverBytes",
      `the body has ${bytes} bytes behind the data of all inputs; binary_data_size of each must count its own`,
    ),
  wrongByteCount: (input: string, bytes: number, detail: string): Problem =>
    badRequest("WrongByteCount", `input ${show(input)} has ${bytes} bytes of data; ${detail}`),

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
  raggedOutput: (output: string, shapes: readonly (readonly number[])[]): Problem =>
    badRequest(
      "RaggedOutput",
      `output ${show(output)} is a sequence of ${shapes.length} tensors of different shapes (${showShapes(shapes)}), which no tensor can hold; ask for it in V1 or /predict, or name the other outputs`,
    ),
  sizesDisagree: (dimension: string, first: SizeFound, second: SizeFound): Problem =>
    badRequest(
      "SizesDisagree",
      `${show(dimension)} is ${first.size} in ${placeOfSize(first)} and ${second.size} in ${placeOfSize(second)}; the model gives these dimensions one name, so they must be equal`,
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

  // The head of a request: what HTTP knows and this server does not do.
  unknownExpectation: (expectation: string): Problem =>
    problem({
      code: "UnknownExpectation",
      status: 417,
      message: `expect ${show(expectation)} cannot be met; allowed: 100-continue`,
    }),
  unknownTransferEncoding: (encoding: string): Problem =>
    problem({
      code: "UnknownTransferEncoding",
      status: 501,
      message: `transfer-encoding ${show(encoding)} is not known; allowed: chunked`,
    }),
  unsupportedVersion: (version: string): Problem =>
    problem({
      code: "UnsupportedVersion",
      status: 505,
      message: `HTTP/${version} is not spoken here; allowed: 1.0 and 1.1`,
    }),
  tunnelUnsupported: (target: string): Problem =>
    problem({
      code: "TunnelUnsupported",
      status: 501,
      message: `there is no way to ${show(target)} through this server: it is no proxy`,
    }),
  badTarget: (target: string): Problem =>
    badRequest(
      "BadTarget",
      `the target ${show(target)} is neither a path nor an http URL; send a path that begins with /`,
    ),

  // The connection: written straight to the socket, as there is no request to answer.
  connectionsTooMany: (limit: number): Problem =>
    problem({
      code: "TooManyConnections",
      status: 503,
      message: `${limit} connections are open and all have requests under way; try again`,
      retryAfterSeconds: 1,
    }),
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
