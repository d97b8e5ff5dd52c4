import type { TarEntry } from "../archive/tar-entry.ts";
import { failure } from "../failure.ts";
import { imageNameBytes } from "../limits.ts";
import { layerName } from "./layer-name.ts";

/** What an image shows at one path. */
export interface ImageNode {
  readonly kind: TarEntry["kind"];
  /** For messages, of kind `other`: `symlink`. */
  readonly what: string;
  readonly size: number;
  /** The layer that made it, counted from the lowest, and its entry there; a folder that only follows has none. */
  readonly layer: number;
  readonly entry: number | undefined;
  /** Two entries of one layer are about it, or one lies below it though it is no folder. */
  readonly clash: boolean;
  readonly children: ReadonlyMap<string, ImageNode>;
}

interface Node extends ImageNode {
  kind: TarEntry["kind"];
  what: string;
  size: number;
  layer: number;
  entry: number | undefined;
  clash: boolean;
  readonly children: Map<string, Node>;
  /** The last layer that deleted all from below, so that no number of whiteouts looks there again. */
  swept: number;
}

export interface ImageTree {
  readonly root: ImageNode;
  /** Lays the next entry of a layer. Layers come from the lowest up; the order within one does not count. */
  lay(layer: number, entry: number, found: Pick<TarEntry, "name" | "kind" | "what" | "size">): void;
}

/**
 * The files of an image: its layers laid one over the other as OCI image-spec layer.md says, "Applying Changesets". No
 * content is read. Upper over lower, at one path:
 *
 * | upper | lower folder | lower file, link, … |
 * |---|---|---|
 * | folder | both together | replaced |
 * | file, link, … | replaced, with all below | replaced |
 * | something below that path | it lies there | replaced, as by a folder; below a link: see {@link ImageNode.clash} |
 * | `.wh.` and its name | deleted, with all below | deleted |
 * | `.wh..wh..opq` below | all below is deleted | – |
 *
 * A whiteout deletes from lower layers only. Every node knows its layer, so it may come before or after what its own
 * layer has in the same place. Fails with `TooLarge` at more entries, or folders that follow
 * from them, than `bound`, and at names that together have more than {@link imageNameBytes}.
 */
export function createImageTree(bound: number): ImageTree {
  const root = newNode(0);
  let nodes = 0;
  let entries = 0;
  let nameBytes = 0;

  /** The node at a path, with folders made on the way. */
  const reach = (parts: readonly string[], layer: number): Node => {
    let node = root;
    for (const part of parts) {
      if (node.kind === "file" && node.layer < layer) {
        sweep(node, layer);
        become(node, layer);
      }
      if (node.kind !== "directory") node.clash = true;
      let child = node.children.get(part);
      if (child === undefined) {
        nodes += 1;
        if (nodes > bound) throw tooManyEntries(bound);
        child = newNode(layer);
        node.children.set(part, child);
      }
      node = child;
    }
    return node;
  };

  return {
    root,
    lay(layer, entry, { name, ...found }) {
      entries += 1;
      if (entries > bound) throw tooManyEntries(bound);
      nameBytes += Buffer.byteLength(name);
      if (nameBytes > imageNameBytes) throw tooLongNames();
      const { kind, ...named } = layerName(name);
      if (kind === "nothing") return;
      const parts = "parts" in named ? named.parts : [];
      if (kind === "opaque") {
        const folder = find(root, parts);
        if (folder !== undefined) sweep(folder, layer);
      } else if (kind === "whiteout") remove(find(root, parts.slice(0, -1)), parts.at(-1) ?? "", layer);
      else put(reach(parts, layer), layer, entry, found);
    },
  };
}

/** The node at a path, or nothing. */
export function find<Kind extends ImageNode>(root: Kind, parts: readonly string[]): Kind | undefined {
  let node: ImageNode | undefined = root;
  for (const part of parts) node = node?.children.get(part);
  // The children of a node are of its own kind.
  return node as Kind | undefined;
}

function put(node: Node, layer: number, entry: number, found: Pick<TarEntry, "kind" | "what" | "size">): void {
  if (node.kind !== "directory" || found.kind !== "directory") {
    const isSecond = node.layer === layer && node.entry !== undefined;
    sweep(node, layer);
    // What is left below is of this layer.
    node.clash = isSecond || (found.kind !== "directory" && node.children.size > 0);
  }
  Object.assign(node, found, { layer, entry });
}

/** Deletes what lower layers have at one place of a folder. What the layer itself has below it stays, in a folder. */
function remove(folder: Node | undefined, name: string, layer: number): void {
  const node = folder?.children.get(name);
  if (folder === undefined || node === undefined) return;
  sweep(node, layer);
  if (node.layer >= layer) return;
  if (node.children.size === 0) folder.children.delete(name);
  else become(node, layer);
}

function sweep(folder: Node, layer: number): void {
  if (folder.swept === layer) return;
  folder.swept = layer;
  for (const name of folder.children.keys()) remove(folder, name, layer);
}

/** Makes a folder that no entry is about. */
function become(node: Node, layer: number): void {
  Object.assign(node, { kind: "directory", what: "folder", size: 0, layer, entry: undefined, clash: false });
}

function newNode(layer: number): Node {
  const children = new Map<string, Node>();
  return { kind: "directory", what: "folder", size: 0, layer, entry: undefined, clash: false, children, swept: -1 };
}

function tooManyEntries(bound: number): Error {
  return failure(
    "TooLarge",
    `The layers of the image have more than the ${bound} entries that are allowed. Build it from a smaller base, or FROM scratch.`,
  );
}

function tooLongNames(): Error {
  return failure(
    "TooLarge",
    `The names in the layers of the image have more than the ${imageNameBytes} bytes that are allowed together. Build it from a smaller base, or FROM scratch.`,
  );
}
