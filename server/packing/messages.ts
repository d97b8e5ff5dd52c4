import type { Packed, PackOptions } from "../engine/pack-model.ts";

/** First argument of the process that packs a model. */
export const packCommand = "pack";

/** To that process: the only message, upon which it works. */
export type ToPacker = PackOptions;

/** From it: the only answer, upon which it ends. */
export type FromPacker = Packed;
