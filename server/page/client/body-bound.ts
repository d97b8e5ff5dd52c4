/** Shortest JSON of an element, with its comma: `0,`. */
const leastBytes = 2;
/** Of a picture's: `255,`, and `0.501961,`, which is as long as most. */
const pictureBytes = { UINT8: 4, float: 9 } as const;

/** Elements above which a request cannot fit into what the server takes: said before the browser spends seconds on it. */
export function mostElements(bodyLimitBytes: number): number {
  return Math.floor(bodyLimitBytes / leastBytes);
}

export interface PictureSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Why a picture of this size is not sent, and what to do; undefined where it fits. */
export function pictureTooLarge(
  { channels, height, width }: PictureSize,
  datatype: string,
  bodyLimitBytes: number,
  isSizeOpen: boolean,
): string | undefined {
  const elementBytes = datatype === "UINT8" ? pictureBytes.UINT8 : pictureBytes.float;
  const bytes = channels * height * width * elementBytes;
  if (bytes <= bodyLimitBytes) return undefined;
  const side = Math.floor(Math.sqrt(bodyLimitBytes / (channels * elementBytes)));
  const advice = isSizeOpen
    ? `Choose a smaller height and width, ${side} × ${side} for example.`
    : "Start the server with a larger SLIPWAY_BODY_LIMIT_BYTES.";
  return `${height} × ${width} takes about ${megabytes(bytes)} as JSON, and the server takes ${megabytes(bodyLimitBytes)}. ${advice}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 })} MiB`;
}
