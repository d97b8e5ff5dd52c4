export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package that it was built from. Advisories name these. */
  readonly source: string;
}

/** From dpkg's paragraphs: `var/lib/dpkg/status`, or the files of `var/lib/dpkg/status.d` one after the other. */
export function debianPackages(paragraphs: string): DebianPackage[] {
  const found = paragraphs.split(/\n\s*\n/).flatMap((paragraph) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: *(.*)$`, "m").exec(paragraph)?.[1]?.trim();
    const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")];
    if (name === undefined || version === undefined || architecture === undefined) return [];
    // "deinstall ok config-files" is what remains of a package that was removed; status.d has no such field.
    if (!(field("Status") ?? "installed").endsWith("installed")) return [];
    // "gcc-12 (12.2.0-14)", where source and package have different versions
    const source = (field("Source") ?? name).replace(/ .*$/, "");
    return [{ name, version, architecture, source }];
  });
  return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
