import { type Figure, type GroupOptions, type Line, standardObjects } from "./figure.ts";

export interface GroupMeasurement<Ground extends { stop(): Promise<void> }> {
  readonly group: string;
  readonly figures: readonly Figure<Ground>[];
  readonly start: (options: GroupOptions) => Promise<Ground>;
  readonly options: GroupOptions;
}

/**
 * Measures the figures that are wanted on one ground. One that cannot be measured is a line, too, and the others go on;
 * without a ground that is each of them, so that no group costs another its readings.
 */
export async function measureGroup<Ground extends { stop(): Promise<void> }>({
  group,
  figures,
  start,
  options,
}: GroupMeasurement<Ground>): Promise<readonly Line[]> {
  const chosen = figures.filter(({ name }) => options.only === undefined || name === options.only);
  const lineOf = ({ name, title, target }: Figure<Ground>) => ({
    name,
    title,
    target,
    command: commandOf(group, name, options.objects),
  });
  const unmeasured = (figure: Figure<Ground>, error: unknown): Line => {
    const why = messageOf(error);
    options.report(`${group} ${figure.name}: not measured: ${why}`);
    return { ...lineOf(figure), value: "not measured", floor: "", detail: {}, error: why };
  };
  let ground: Ground;
  try {
    ground = await start(options);
  } catch (error) {
    return chosen.map((figure) => unmeasured(figure, error));
  }
  const lines: Line[] = [];
  for (const figure of chosen) {
    options.report(`${group} ${figure.name}: ${figure.title} ...`);
    try {
      const { value, floor = "", detail } = await figure.measure(ground);
      options.report(`${group} ${figure.name}: ${value}${floor === "" ? "" : ` (floor ${floor})`}`);
      lines.push({ ...lineOf(figure), value, floor, detail });
    } catch (error) {
      lines.push(unmeasured(figure, error));
    }
  }
  await ground.stop().catch((error: unknown) => options.report(`${group}: not cleared away: ${messageOf(error)}`));
  return lines;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function commandOf(group: string, figure: string, objects: number): string {
  const size = objects === standardObjects ? "" : ` --objects ${objects}`;
  return `npx node test/bench/main.ts ${group} --only ${figure}${size}`;
}
