/** Routes and errors of the server's HTTP API. */
import { type Problem, problems } from "../../server/errors.ts";
import { httpProblems } from "../../server/http/http-problems.ts";
import { routeTable } from "../../server/protocol/route-table.ts";
import { binaryProblems } from "../../server/protocol/v2/binary-problems.ts";
import { tensorProblems } from "../../server/tensor-problems.ts";
import { code, table } from "./table.ts";

const catalogue = { ...problems, ...tensorProblems, ...binaryProblems, ...httpProblems };

export function routesTable(): string {
  const rows = routeTable.map(({ method, template, says }) => [
    method === "GET" ? "GET, HEAD" : method,
    code(template),
    says,
  ]);
  return table(["Method", "Path", "What it is"], rows);
}

export function errorsTable(): string {
  const rows = Object.keys(catalogue)
    .map((name) => sampleOf(name as keyof typeof catalogue))
    .map(({ status, code: name, message, retryAfterSeconds }) => [
      code(name),
      String(status),
      retryAfterSeconds === undefined ? "" : `${retryAfterSeconds} s`,
      message,
    ]);
  return table(["Code", "Status", "Retry-After", "Message, for example"], rows);
}

type Samples = { readonly [Name in keyof typeof catalogue]: Parameters<(typeof catalogue)[Name]> };

/** One call of each problem, as a reader would meet it; the types see to it that none is left out. */
const samples: Samples = {
  unknownPath: ["/v2/model"],
  unknownModel: ["cats", "dogs"],
  unknownVersion: ["v9", "v1"],
  methodNotAllowed: ["DELETE", "GET, HEAD"],
  originNotAllowed: ["https://app.example.com"],
  explainUnsupported: [],
  notAcceptable: ["br, identity;q=0"],
  notReady: ["the model is still loading"],
  badPathEncoding: ["/v2/%zz"],
  bodyEmpty: ["JSON"],
  bodyTooLarge: [67_108_864],
  bodyTimedOut: [60],
  bodyTooSlow: [16_384],
  badChunks: [],
  bodiesTooMany: [],
  unsupportedEncoding: ["br"],
  windowTooLarge: [8_388_608],
  badCompression: ["gzip"],
  notUtf8: [],
  notJson: ['unexpected "]" at byte 76'],
  tooDeep: [64],
  wrongField: ["id", 7, "a string"],
  missingField: ["inputs", "an array of tensors"],
  repeatedField: ["inputs", 8],
  conflictingFields: ["instances and inputs"],
  unsupportedParameter: ["sequence_id", "the request", ["binary_data_output", "content_type"]],
  badHeaderLength: ["-1", 120],
  noHeaderLength: ["x"],
  notRaw: ["the model takes 2 inputs, and a body without JSON can hold one"],
  missingBytes: ["x", 24, 20],
  leftoverBytes: [4],
  wrongByteCount: ["x", 20, "its shape [2,3] of FP32 needs 24"],
  missingInput: ["x", ["x"]],
  unknownInput: ["y", ["x"]],
  duplicateInput: ["x"],
  unknownOutput: ["z", ["y"]],
  duplicateOutput: ["y"],
  wrongDatatype: ["x", "INT8", "FP32"],
  wrongShape: ["x", [1, 4], [-1, 3]],
  badShape: ["x", "has a negative size"],
  wrongCount: ["x", 5, [2, 3], 6],
  ragged: ["x", "row 1", "an array of 2", "an array of 3"],
  wrongElement: ["x", "value 0", "a", "a number"],
  notByRow: ["y", [4], 2],
  raggedOutput: [
    "y",
    [
      [2, 3],
      [2, 2],
    ],
  ],
  sizesDisagree: ["batch", { input: "a", dimension: 0, size: 2 }, { input: "b", dimension: 0, size: 3 }],
  runRefused: ["a dimension does not fit"],
  queueFull: [256],
  queueExpired: [10],
  runTimedOut: [30],
  outOfMemory: [],
  answerTooLarge: [800_000_000],
  engineFault: [],
  crashesEngine: [],
  internal: [],
  unknownExpectation: ["200-ok"],
  unknownTransferEncoding: ["gzip, chunked"],
  unsupportedVersion: ["2.0"],
  tunnelUnsupported: ["example.com:443"],
  badTarget: ["model"],
  connectionsTooMany: [10_000],
  headerTooLarge: [16_384],
  headerTimedOut: [],
  notHttp: [],
};

function sampleOf(name: keyof typeof catalogue): Problem {
  const make = catalogue[name] as (...parameters: readonly unknown[]) => Problem;
  return make(...samples[name]);
}
