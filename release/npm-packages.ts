import type { Metafile } from "esbuild";

/** package-lock.json, as far as it is read here. A key is where the package lies: `node_modules/a/node_modules/b`. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  /** Under which the registry has it, where that is not the folder's name. */
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  /** Of the archive in the registry, as `sha512-BASE64`. */
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface NpmPackage {
  /** Its key in the lock file. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  readonly integrity: string | undefined;
  /** Where its code is, for people. */
  readonly place: string;
  /** Keys of those that it depends on, of those that are there as well. */
  readonly dependsOn: readonly string[];
}

/** Lock keys of the packages of which a bundle has at least a byte: what esbuild has left out is not there. */
export function bundledKeys({ outputs }: Pick<Metafile, "outputs">): string[] {
  const keys = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? keyOfFile(file) : [])),
  );
  return [...new Set(keys)].toSorted();
}

function keyOfFile(file: string): string[] {
  const [, key] = /((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  return key === undefined ? [] : [key];
}

/** Lock keys of what npm installs where the package itself is installed. */
export function runtimeKeys({ packages }: Lock): string[] {
  const keys = Object.keys(packages).filter((key) => key !== "" && packages[key]?.dev !== true);
  return keys.toSorted();
}

/** What the lock file says of packages, each with the place of its code. */
export function npmPackages(places: ReadonlyMap<string, string>, lock: Lock): NpmPackage[] {
  return [...places].map(([key, place]) => {
    const locked = lock.packages[key];
    if (locked?.version === undefined) {
      throw new Error(`package-lock.json has no ${key}, which is in use: run npm ci, so that both agree`);
    }
    return {
      key,
      name: locked.name ?? key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length),
      version: locked.version,
      license: locked.license,
      integrity: locked.integrity,
      place,
      dependsOn: dependencyKeys(key, lock).filter((each) => places.has(each)),
    };
  });
}

/** Lock keys of what the package under a key depends on; the key of the project itself is "". */
export function dependencyKeys(key: string, lock: Lock): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = lock.packages[key] ?? {};
  const names = Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies });
  return names.flatMap((name) => resolved(name, key, lock)).toSorted();
}

/** As Node.js looks for a package: in the importing one's own node_modules, then in those of the folders around it. */
function resolved(name: string, from: string, lock: Lock): string[] {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    const key = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (lock.packages[key] !== undefined) return [key];
    if (folder === "") return [];
  }
}
