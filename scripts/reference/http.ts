/** Routes and errors of the server's HTTP API. */
import { readFile } from "node:fs/promises";
import { type Problem, problems } from "../../server/errors.ts";
import { code, table } from "./table.ts";

const routesFile = "server/shard/http/routes.ts";

/** The routes lie in a closure; their templates and methods are read from where they are written. */
export async function routesTable(): Promise<string> {
  const source = await readFile(routesFile, "utf8");
  const rows = [...source.matchAll(/\b(get|post)\("(\/[^"]*)", handlers\.(\w+)\)/g)].map(
    ([, method = "", template = "", handler = ""]) => {
      const says = pages[template] ?? purposes[handler];
      if (says === undefined) throw new Error(`${routesFile}: say in scripts/reference/http.ts what ${handler} is for`);
      return [method === "get" ? "GET, HEAD" : "POST", code(template), says];
    },
  );
  if (rows.length === 0) throw new Error(`${routesFile} has no routes of the known form`);
  return table(["Method", "Path", "What it is"], [...rows, recentRow]);
}

const purposes: Readonly<Record<string, string>> = {
  serverMetadata: "Name, version and extensions of the server (Open Inference Protocol).",
  live: "200 while the process can answer. The liveness probe.",
  ready: "200 when the model takes predictions, else 503. The readiness probe.",
  modelMetadata: "Inputs and outputs of the model: names, datatypes, shapes.",
  config: "Name, platform, inputs and outputs as Triton's clients ask for them.",
  statistics: "How often the model ran and how long that took, over all workers of the pod, in Triton's terms.",
  repositoryIndex: "The one model and whether it is ready, in Triton's terms.",
  v2Models: "The model's name.",
  ping: "200 when the model takes predictions, else 503, as SageMaker asks.",
  modelReady: "200 when this model takes predictions, else 503.",
  infer: "A prediction in the Open Inference Protocol.",
  v1List: "The model's name, in the V1 protocol.",
  v1Model: "Whether the model is ready, in the V1 protocol.",
  v1Predict: "A prediction in the V1 protocol: `instances` or `inputs`.",
  predict: "A prediction in the shortest form: `input_data`.",
};

/** One handler serves all of them. */
const pages: Readonly<Record<string, string>> = {
  "/": "The page for people: inputs and outputs, a form, commands to call it.",
  "/docs": "The paths of this server, for people.",
  "/page/{file}": "Scripts and style of the page.",
};

/** Below `/page/{file}` in the routes; the pages' own handler tells it apart. */
const recentRow = [
  "GET, HEAD",
  code("/page/recent"),
  "The last 50 requests of this pod as JSON: path, status and duration, without probes.",
];

export function errorsTable(): string {
  const rows = Object.keys(problems)
    .map((name) => sampleOf(name as keyof typeof problems))
    .map(({ status, code: name, message, retryAfterSeconds }) => [
      code(name),
      String(status),
      retryAfterSeconds === undefined ? "" : `${retryAfterSeconds} s`,
      message,
    ]);
  return table(["Code", "Status", "Retry-After", "Message, for example"], rows);
}

type Samples = { readonly [Name in keyof typeof problems]: Parameters<(typeof problems)[Name]> };

/** One call of each problem, as a reader would meet it; the types see to it that none is left out. */
const samples: Samples = {
  unknownPath: ["/v2/model"],
  unknownModel: ["cats", "dogs"],
  unknownVersion: ["v9", "v1"],
  methodNotAllowed: ["DELETE", "GET, HEAD"],
  originNotAllowed: ["https://app.example.com"],
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

function sampleOf(name: keyof typeof problems): Problem {
  const make = problems[name] as (...parameters: readonly unknown[]) => Problem;
  return make(...samples[name]);
}
