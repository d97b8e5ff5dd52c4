/** How an image's process is started: from its folder here, what a container runtime would start from the image. */
export interface ImageStart {
  /** Program and parameters. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Reads ENTRYPOINT and CMD, both in JSON form, and ENV of a Dockerfile whose files lie in the folder `context`. */
export function imageStart(dockerfile: string, context: string): ImageStart {
  const text = dockerfile.replaceAll(/\\\n\s*/g, " ");
  const words = (instruction: string): readonly string[] =>
    JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, "m").exec(text)?.[1] ?? "[]") as string[];
  const entry = words("ENTRYPOINT");
  if (entry.length === 0) throw new Error("the Dockerfile has no ENTRYPOINT in JSON form");
  const variables = [...text.matchAll(/^ENV (.*)$/gm)].flatMap(([, assignments = ""]) => [
    ...assignments.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g),
  ]);
  return {
    command: [...entry, ...words("CMD")].map((word) => word.replace(/^\/(usr\/local\/bin|app)\//, `${context}/`)),
    environment: Object.fromEntries(variables.map(([, name = "", quoted, plain]) => [name, quoted ?? plain ?? ""])),
  };
}
