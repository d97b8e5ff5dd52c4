import { type Group, standardObjects } from "../figure.ts";
import { measureGroup } from "../measure-group.ts";
import { serverFigures as figures } from "./figures.ts";
import { startGround as start } from "./ground.ts";

export const serverGroup: Group = {
  name: "server",
  about: "the server's bundle with one worker on loopback; its floor is onnxruntime-node alone, in a loop",
  figures,
  run: (options) =>
    measureGroup({ group: "server", figures, start, options: { ...options, objects: standardObjects } }),
};
