/**
 * Takes the framing off a chunked body (RFC 9112 section 7.1), as strictly as Node's parser: every line ends in CRLF,
 * nothing stands between size and extension, and the sizes are hexadecimal digits alone. Extensions and trailers are
 * read over; together they are bounded. Written here since Node's parser copies the data and cannot stop where a message
 * ends.
 */
export interface ChunkedDecoder {
  /**
   * Goes on at `offset` and returns where the next call begins. It stops behind each piece of data, at the end of the
   * bytes and at the end of the body, whichever comes first.
   */
  step(bytes: Uint8Array, offset: number): number;
  /** What the last step found: a view into its bytes, empty when it found no data. */
  readonly data: Uint8Array;
  readonly state: "open" | "done" | "malformed";
}

/** Of all extensions and trailers of one body; Node's own bound for each of them. */
const maximumOverheadBytes = 16 * 1024;
/** 2 ** 48 bytes are more than any body may have. */
const maximumDigits = 12;

type Expected =
  | "size"
  | "extension"
  | "quoted"
  | "quoted pair"
  | "size LF"
  | "data"
  | "data CR"
  | "data LF"
  | "trailer"
  | "trailer LF";

const empty = new Uint8Array(0);
const [carriageReturn, lineFeed, semicolon, quote, backslash] = [0x0d, 0x0a, 0x3b, 0x22, 0x5c];

export function createChunkedDecoder(): ChunkedDecoder {
  let expected: Expected = "size";
  let state: ChunkedDecoder["state"] = "open";
  let data: Uint8Array = empty;
  let size = 0;
  let digits = 0;
  let isSized = false;
  let overheadBytes = 0;
  let trailer = "";

  const accept = (byte: number): boolean => {
    switch (expected) {
      case "size": {
        const digit = digitOf(byte);
        if (digit !== -1) {
          size = size * 16 + digit;
          // Zeros in front count as overhead only.
          if (size > 0) digits += 1;
          overheadBytes += size > 0 ? 0 : 1;
          isSized = true;
          return digits <= maximumDigits && overheadBytes <= maximumOverheadBytes;
        }
        if (!isSized) return false;
        if (byte === semicolon) return expect("extension");
        return byte === carriageReturn && expect("size LF");
      }
      case "extension":
        if (byte === carriageReturn) return expect("size LF");
        if (byte === quote) expect("quoted");
        return isFieldByte(byte) && ++overheadBytes <= maximumOverheadBytes;
      case "quoted":
      case "quoted pair":
        // A line cannot end in here: who lets it sees another body than who does not.
        if (expected === "quoted pair") expect("quoted");
        else if (byte === quote) expect("extension");
        else if (byte === backslash) expect("quoted pair");
        return isFieldByte(byte) && ++overheadBytes <= maximumOverheadBytes;
      case "size LF":
        return byte === lineFeed && expect(size === 0 ? "trailer" : "data");
      case "data CR":
        return byte === carriageReturn && expect("data LF");
      case "data LF":
        digits = 0;
        isSized = false;
        return byte === lineFeed && expect("size");
      case "trailer":
        if (byte === carriageReturn) return expect("trailer LF");
        trailer += String.fromCharCode(byte);
        return isFieldByte(byte) && ++overheadBytes <= maximumOverheadBytes;
      case "trailer LF": {
        if (byte !== lineFeed) return false;
        if (trailer === "") {
          state = "done";
          return true;
        }
        const isField = trailerPattern.test(trailer);
        trailer = "";
        return isField && expect("trailer");
      }
      case "data":
        return false;
    }
  };
  const expect = (next: Expected): true => {
    expected = next;
    return true;
  };

  return {
    get data() {
      return data;
    },
    get state() {
      return state;
    },
    step(bytes, from) {
      let offset = from;
      data = empty;
      while (offset < bytes.length && state === "open") {
        if (expected === "data") {
          data = bytes.subarray(offset, offset + size);
          size -= data.length;
          if (size === 0) expected = "data CR";
          return offset + data.length;
        }
        if (!accept(bytes[offset] ?? 0)) state = "malformed";
        offset += 1;
      }
      return offset;
    },
  };
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Field values: no control character but the tab. */
function isFieldByte(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === 0x09;
}

/** RFC 9110 section 6.5.1: nothing of the framing is said so late, and Node's parser refuses it there, too. */
const trailerPattern = /^(?!(?:content-length|transfer-encoding):)[!#$%&'*+.^_`|~0-9A-Za-z-]+:/i;
