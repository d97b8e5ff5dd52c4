/** Clients that connected together must not all come back together. */
const variation = 0.1;
/** Multiples of it are spread over what lies between two whole numbers as evenly as can be. */
const goldenRatio = 0.618_033_988_749_894_9;

/**
 * Whether a connection has reached the age after which its next answer is its last: `maximumSeconds`, varied by a tenth
 * either way. The microsecond in which it was opened stands for chance, so that nothing is kept of each connection.
 * `opened` and `now`: monotonic, milliseconds.
 */
export function isOfAge(opened: number, now: number, maximumSeconds: number): boolean {
  const unit = (Math.round(opened * 1000) * goldenRatio) % 1;
  return now - opened >= maximumSeconds * 1000 * (1 + variation * (2 * unit - 1));
}
