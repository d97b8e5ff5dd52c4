import { readFile } from "node:fs/promises";

/**
 * Whether this pod is in service, from the downward API file that shows the operator's annotation. kubelet replaces the
 * file by swapping a symbolic link, which file watchers miss or see too early, so it is read again and again.
 */
export interface ServiceWatch {
  readonly stop: () => void;
}

export interface ServiceWatchOptions {
  readonly file: string;
  readonly onChange: (inService: boolean) => void;
  /** Reading failed other than by the file's absence; the last state holds. Called once for a series of failures. */
  readonly onError: (error: Error) => void;
}

/** Four small reads a second cost about a thousandth of a core; connections turn over far slower than that. */
const intervalMilliseconds = 250;

export function watchService({ file, onChange, onError }: ServiceWatchOptions): ServiceWatch {
  let inService = true;
  let hasFailed = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    try {
      const now = isInService(await readFile(file, "utf8"));
      hasFailed = false;
      if (now !== inService) {
        inService = now;
        onChange(now);
      }
    } catch (error) {
      if (isMissing(error)) {
        hasFailed = false;
        if (!inService) onChange(true);
        inService = true;
      } else if (!hasFailed) {
        hasFailed = true;
        onError(error instanceof Error ? error : new Error(String(error)));
      }
    }
    if (!isStopped) timer = setTimeout(() => void look(), intervalMilliseconds);
  };

  void look();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** The contract of `annotations.inService`: only the word `false` takes a pod out. */
export function isInService(content: string): boolean {
  return content.trim() !== "false";
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
