/** Of an id that a client gives: printable ASCII without spaces, nothing that could break a header or a log line. */
export const requestIdPattern = /^[\x21-\x7e]{1,128}$/;
