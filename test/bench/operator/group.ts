import { type Group, type GroupOptions, type Line, measured } from "../figure.ts";
import { operatorFigures } from "./figures.ts";
import { startGround } from "./ground.ts";

export const operatorGroup: Group = {
  name: "operator",
  about: "the operator's bundle on a real kube-apiserver, etcd, controller manager and scheduler, with one fake Node",
  figures: operatorFigures,
  run: async (options: GroupOptions): Promise<readonly Line[]> => {
    const chosen = operatorFigures.filter(({ name }) => options.only === undefined || name === options.only);
    const ground = await startGround(options);
    try {
      const lines: Line[] = [];
      for (const figure of chosen) lines.push(await measured("operator", figure, ground, options));
      return lines;
    } finally {
      await ground.stop();
    }
  },
};
