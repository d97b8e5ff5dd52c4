import { type Group, standardObjects } from "../figure.ts";
import { measureGroup } from "../measure-group.ts";
import { rolloutFigures as figures } from "./figures.ts";
import { startGround as start } from "./ground.ts";

export const rolloutGroup: Group = {
  name: "rollout",
  about: "models on the one-node Kubernetes of `make cluster`, which is brought up where it is not and stays up",
  figures,
  run: (options) =>
    measureGroup({ group: "rollout", figures, start, options: { ...options, objects: standardObjects } }),
};
