/** What the page knows of the model: written into the page by the server, read by its script. */
export interface PageModel {
  readonly name: string;
  readonly version: string;
  readonly inputs: readonly PageInput[];
  /** What the server takes of one request. */
  readonly bodyLimitBytes: number;
}

export interface PageTensor {
  readonly name: string;
  /** As the Open Inference Protocol names it. */
  readonly datatype: string;
  /** -1 is a dimension of any size. Empty: a scalar, or a model that does not say its shape. */
  readonly shape: readonly number[];
}

export interface PageInput extends PageTensor {
  /** A shape that the model is known to run with. */
  readonly sampleShape: readonly number[];
}
