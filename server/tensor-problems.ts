import { badRequest, type Problem } from "./errors.ts";
import { show, showNames, showShape, showShapes } from "./show.ts";

/** The size of one dimension of an input. */
export interface SizeFound {
  readonly input: string;
  readonly dimension: number;
  readonly size: number;
}

/** What can be wrong with a request's tensors, whatever they are written in. */
export const tensorProblems = {
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
} as const;

function placeOfSize({ input, dimension }: SizeFound): string {
  return `dimension ${dimension} of input ${show(input)}`;
}
