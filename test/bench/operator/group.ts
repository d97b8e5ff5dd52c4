import type { Group } from "../figure.ts";
import { measureGroup } from "../measure-group.ts";
import { operatorFigures as figures } from "./figures.ts";
import { startGround as start } from "./ground.ts";

export const operatorGroup: Group = {
  name: "operator",
  about: "the operator's bundle on a real kube-apiserver, etcd, controller manager and scheduler, with one fake Node",
  figures,
  run: (options) => measureGroup({ group: "operator", figures, start, options }),
};
