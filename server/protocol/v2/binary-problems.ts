import { badRequest, type Problem } from "../../errors.ts";
import { show } from "../../show.ts";

/** What can go wrong with tensors as bytes in the body (docs/reference/http-api.md, the binary tensor data extension). */
export const binaryProblems = {
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
} as const;
