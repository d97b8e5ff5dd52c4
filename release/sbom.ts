import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import type { PackageURL } from "packageurl-js";
import { debianComponents, libraryComponent, nodeComponent, npmComponent, rootComponent } from "./components.ts";
import type { DebianPackage } from "./debian-packages.ts";
import type { NpmPackage } from "./npm-packages.ts";

/** What a document is about. */
export interface Subject {
  readonly kind: "image" | "package";
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Of an image, with its digest. What npm would call the package is not said: it is published nowhere. */
  readonly purl?: PackageURL;
  /** Of the package's archive. */
  readonly integrity?: string;
  /** Lock keys of what its own sources import. */
  readonly dependsOn: readonly string[];
}

/** What lies in an image beside the sources of the project, or in a package. */
export interface Contents {
  readonly npm: readonly NpmPackage[];
  readonly node?: NodeRuntime;
  readonly libraries: readonly NativeLibrary[];
  readonly debian?: Distribution;
}

export interface NodeRuntime {
  /** `process.versions`: of itself and of what is built into it; null for what could be and is not. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly path: string;
  /** Of the file, in hex. */
  readonly sha256: string;
}

export interface NativeLibrary {
  /** Lock key of the package that brings it. */
  readonly key: string;
  readonly path: string;
  /** In hex. */
  readonly sha256: string;
}

export interface Distribution {
  /** ID and VERSION_ID of its os-release. */
  readonly id: string;
  readonly version: string;
  readonly packages: readonly DebianPackage[];
}

/** What makes one document another one than the next. */
export interface Making {
  /** `urn:uuid:...` */
  readonly serialNumber: string;
  readonly time: Date;
}

/** A CycloneDX 1.6 document in JSON. */
export function sbom(subject: Subject, contents: Contents, making: Making): string {
  const root = rootComponent(subject);
  const npm = new Map(contents.npm.map((each) => [each.key, npmComponent(each)]));
  for (const { key, dependsOn } of contents.npm) connect(npm.get(key), dependsOn, npm);
  connect(root, subject.dependsOn, npm);
  for (const library of contents.libraries) npm.get(library.key)?.components.add(libraryComponent(library));
  const system = [
    ...(contents.node === undefined ? [] : [nodeComponent(contents.node)]),
    ...(contents.debian === undefined ? [] : debianComponents(contents.debian)),
  ];
  for (const component of system) root.dependencies.add(component.bomRef);
  const document = new Models.Bom({
    serialNumber: making.serialNumber,
    metadata: new Models.Metadata({
      timestamp: making.time,
      lifecycles: new Models.LifecycleRepository([Enums.LifecyclePhase.Build]),
      component: root,
    }),
    components: new Models.ComponentRepository([...npm.values(), ...system]),
  });
  const normalize = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(normalize).serialize(document, { sortLists: true, space: 2 })}\n`;
}

function connect(
  component: Models.Component | undefined,
  keys: readonly string[],
  all: ReadonlyMap<string, Models.Component>,
): void {
  for (const key of keys) {
    const target = all.get(key);
    if (target !== undefined) component?.dependencies.add(target.bomRef);
  }
}
