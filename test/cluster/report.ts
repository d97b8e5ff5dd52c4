/** Takes one line of progress, without a newline. */
export type Report = (line: string) => void;

/** A step this long is worth a sign of life before it ends. */
const signOfLifeMilliseconds = 15_000;

export const silent: Report = () => undefined;

/** Reports how long a piece of work took, and while a long one runs, that it still does. */
export async function step<T>(report: Report, title: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const elapsed = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  report(`${title} ...`);
  const signs = setInterval(() => report(`${title} ... ${elapsed()}`), signOfLifeMilliseconds);
  try {
    const result = await work();
    report(`${title}: done in ${elapsed()}`);
    return result;
  } catch (error) {
    report(`${title}: failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(signs);
  }
}
