import { posix } from "node:path";
import { quote } from "../configuration.ts";
import { entryPath } from "../archive/entry-path.ts";
import { failure } from "../failure.ts";
import { findModelFile } from "../model/model-file.ts";
import { find, type ImageNode, type ImageTree } from "./image-tree.ts";

/** A file of an image that belongs to the model. */
export interface ImageFile {
  readonly path: string;
  readonly size: number;
  readonly layer: number;
  /** Its place in the layer. */
  readonly entry: number;
}

/**
 * The model's own folder in an image: the one that holds the graph, with all below it. Nothing else of the image counts,
 * so a base image may hold links, devices and names of any kind. Within the folder only regular files are taken: a link is
 * refused with `UnsafeArchive`, as the model would lack a file.
 *
 * The top of an image is nobody's own folder: a base image lies there. Of a model there the graph alone is taken at first,
 * and then the weights that it names ({@link weightsOf}).
 */
export function modelOf({ root }: ImageTree): readonly ImageFile[] {
  const graphs: string[] = [];
  for (const { path, node } of nodesBelow(root, "")) {
    if (node.kind !== "directory" && path.endsWith(".onnx")) graphs.push(path);
  }
  const graph = findModelFile(graphs);
  // A link on the way to the folder is told by the graph's own path.
  const files = filesAt(root, graph);
  const folder = posix.dirname(graph);
  // Nothing at the top, where the folder is ".", which is no name.
  const own = find(root, folder.split("/"));
  for (const { path, node } of own === undefined ? [] : nodesBelow(own, `${folder}/`)) {
    if (path !== graph) files.push(...fileOf(path, node));
  }
  return files;
}

/** The files that a graph at the top of an image keeps its weights in, as far as they are there. */
export function weightsOf({ root }: ImageTree, locations: Iterable<string>): readonly ImageFile[] {
  const paths = new Set([...locations].map((location) => posix.normalize(location)));
  return [...paths].flatMap((path) => filesAt(root, path));
}

/** The file at a path; nothing where there is none. Fails where the path leads through something else than folders. */
function filesAt(root: ImageNode, path: string): ImageFile[] {
  const parts = path.split("/");
  let node: ImageNode | undefined = root;
  for (const [index, part] of parts.entries()) {
    if (index > 0 && (node.kind !== "directory" || node.clash)) fileOf(parts.slice(0, index).join("/"), node);
    node = node.children.get(part);
    if (node === undefined) return [];
  }
  return fileOf(path, node);
}

/** A node as a file, or nothing when it is a folder. */
function fileOf(path: string, { kind, what, size, layer, entry, clash }: ImageNode): ImageFile[] {
  if (clash) throw failure("UnsafeArchive", `A layer of the image holds ${quote(path)} twice. Build the image again.`);
  if (kind === "directory" || entry === undefined) return [];
  if (kind === "file") return [{ path: entryPath(path), size, layer, entry }];
  throw failure(
    "UnsafeArchive",
    `The image holds ${quote(path)}, a ${what}, where its model is. COPY the file itself into the image, and the model into a folder of its own.`,
  );
}

/** All nodes, each before those below it. A stack of its own: paths may be thousands of folders deep. */
function* nodesBelow(
  folder: ImageNode,
  prefix: string,
): Generator<{ readonly path: string; readonly node: ImageNode }, void, undefined> {
  const open = [{ children: folder.children.entries(), prefix }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.children.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [name, node] = next.value;
    const path = top.prefix + name;
    yield { path, node };
    if (node.children.size > 0) open.push({ children: node.children.entries(), prefix: `${path}/` });
  }
}
