/**
 * Whether a client asks for HTML by name, as browsers do: `text/html` or `application/xhtml+xml` in `accept` with a weight
 * above 0 (RFC 9110 section 12.5.1). Programs send nothing or say that any type will do.
 */
export function asksForHtml(accept: string | undefined): boolean {
  return accept !== undefined && htmlRange.test(accept);
}

/** A range of `accept` up to its end, with any parameters but a weight of nothing. */
const htmlRange =
  /(?:^|,)\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;(?!\s*q\s*=\s*0(?:\.0*)?\s*(?:[,;]|$))[^,;]*)*(?:,|$)/i;
