/** Kubernetes quantities (resource.Quantity): `1000m` and `1`, `1Gi` and `1024Mi` are the same amount. */

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as a number; NaN when it is none. */
export function quantity(text: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(text);
  const factor = suffixes[match?.[2] ?? ""];
  return match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor;
}

/** A quantity of bytes, rounded down. */
export function wholeBytes(amount: number | string): number {
  return exact(Math.floor(quantity(String(amount))));
}

/** A quantity of bytes in whole MiB, rounded up. */
export function mebibytes(amount: number | string): number {
  return exact(Math.ceil(quantity(String(amount)) / 2 ** 20));
}

/** What Kubernetes and the server read as an integer; nothing in a cluster is larger (8 PiB, in bytes). */
function exact(whole: number): number {
  return Math.min(whole, Number.MAX_SAFE_INTEGER);
}
