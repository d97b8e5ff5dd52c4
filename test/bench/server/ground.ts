import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GroupOptions } from "../figure.ts";
import { type FloorReading, measureFloor } from "./floor.ts";
import { serverImage } from "./server-image.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { benchTargets, type Target } from "./targets.ts";

/** A target with its files on disk. */
export interface PlacedTarget extends Target {
  readonly directory: string;
  readonly modelFile: string;
  readonly bodyFile: string;
}

/** What goes into the server's image, and the models that it is measured with. */
export interface ServerGround extends GroupOptions {
  readonly targets: Readonly<Record<Target["name"], PlacedTarget>>;
  /** Lets one server run for as long as the work takes; there is no other at the same time. */
  withServer<T>(target: PlacedTarget, work: (server: ServerProcess) => Promise<T>): Promise<T>;
  /** Measured once, the first time that it is asked for. */
  floor(target: PlacedTarget): Promise<FloorReading>;
  stop(): Promise<void>;
}

export async function startGround(options: GroupOptions): Promise<ServerGround> {
  const image = await serverImage();
  const directory = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  const floors = new Map<string, FloorReading>();
  const { small, picture, large } = await benchTargets();
  return {
    ...options,
    targets: {
      small: await place(small, directory),
      picture: await place(picture, directory),
      large: await place(large, directory),
    },
    withServer: async (target, work) => {
      const server = await startServer({ image, modelName: target.name, directory: target.directory });
      try {
        return await work(server);
      } finally {
        await server.stop();
      }
    },
    floor: async (target) => {
      const reading = floors.get(target.name) ?? (await measureFloor(target));
      floors.set(target.name, reading);
      return reading;
    },
    stop: () => rm(directory, { recursive: true, force: true }),
  };
}

async function place(target: Target, parent: string): Promise<PlacedTarget> {
  const directory = join(parent, target.name);
  const modelFile = join(directory, "model.onnx");
  const bodyFile = join(parent, `${target.name}.json`);
  await mkdir(directory);
  await writeFile(modelFile, target.model);
  await writeFile(bodyFile, target.body);
  return { ...target, directory, modelFile, bodyFile };
}
