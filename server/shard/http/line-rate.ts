/** Lines of a kind that clients can cause at will: more in one second help nobody, and each one holds up the process. */
const linesPerSecond = 10;

/** Asked before each such line: false leaves it out, as enough of this second's have been written. */
export function createLineRate(now: () => number): () => boolean {
  let second = -1;
  let lines = 0;
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      lines = 0;
    }
    lines += 1;
    return lines <= linesPerSecond;
  };
}
