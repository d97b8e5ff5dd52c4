import { Contrib, Enums, Models } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import parseLicense from "spdx-expression-parse";
import type { NpmPackage } from "./npm-packages.ts";
import type { Distribution, NativeLibrary, NodeRuntime, Subject } from "./sbom.ts";

/** The parts of an SBOM in the terms of CycloneDX. */

export function rootComponent({ kind, name, version, license, purl, integrity }: Subject): Models.Component {
  const type = kind === "image" ? Enums.ComponentType.Container : Enums.ComponentType.Application;
  return new Models.Component(type, name, {
    bomRef: purl?.toString() ?? `${name}@${version}`,
    version,
    licenses: licensesOf(license),
    hashes: hashesOf(integrity),
    ...(purl === undefined ? {} : { purl: purl.toString() }),
  });
}

export function npmComponent({ key, name, version, license, integrity, place }: NpmPackage): Models.Component {
  const [scope, bare] = name.startsWith("@") ? name.split("/") : [undefined, name];
  return new Models.Component(Enums.ComponentType.Library, bare ?? name, {
    bomRef: key,
    ...(scope === undefined ? {} : { group: scope }),
    version,
    licenses: licensesOf(license),
    hashes: hashesOf(integrity),
    purl: new PackageURL("npm", scope, bare ?? name, version, undefined, undefined).toString(),
    properties: placed(place),
  });
}

export function libraryComponent({ path, sha256 }: NativeLibrary): Models.Component {
  return new Models.Component(Enums.ComponentType.File, path.slice(path.lastIndexOf("/") + 1), {
    bomRef: path,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], sha256]]),
    properties: placed(path),
  });
}

/** Its own; what is built in has others. */
const nodeLicense = "MIT";

/** Numbers of interfaces, which are not the versions of anything that is built in. */
const interfaceNumbers: ReadonlySet<string> = new Set(["node", "modules", "napi"]);

export function nodeComponent({ versions, path, sha256 }: NodeRuntime): Models.Component {
  const parts = Object.entries(versions).flatMap(([name, version]) =>
    version === null || interfaceNumbers.has(name) ? [] : [generic(Enums.ComponentType.Library, name, version)],
  );
  const version = versions["node"] ?? "";
  const node = generic(Enums.ComponentType.Platform, "node", version);
  node.cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`;
  node.licenses = licensesOf(nodeLicense);
  node.hashes = new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], sha256]]);
  node.properties = placed(path);
  node.components = new Models.ComponentRepository(parts);
  return node;
}

/** The distribution itself, and its packages. Their licences are in the image as text, not as something to look up. */
export function debianComponents({ id, version, packages }: Distribution): Models.Component[] {
  const system = new Models.Component(Enums.ComponentType.OperatingSystem, id, { bomRef: `${id}-${version}`, version });
  const components = packages.map((each) => {
    const { name, architecture, source } = each;
    const qualifiers = {
      arch: architecture,
      distro: `${id}-${version}`,
      ...(source === name ? {} : { upstream: source }),
    };
    const purl = new PackageURL("deb", id, name, each.version, qualifiers, undefined).toString();
    return new Models.Component(Enums.ComponentType.Library, name, { bomRef: purl, version: each.version, purl });
  });
  return [system, ...components];
}

/** What no registry of packages has. */
function generic(type: Enums.ComponentType, name: string, version: string): Models.Component {
  const purl = new PackageURL("generic", undefined, name, version, undefined, undefined).toString();
  return new Models.Component(type, name, { bomRef: purl, version, purl });
}

const licenses = new Contrib.License.Factories.LicenseFactory(parseLicense);

function licensesOf(license: string | undefined): Models.LicenseRepository {
  return new Models.LicenseRepository(license === undefined ? [] : [licenses.makeFromString(license)]);
}

/** From `sha512-BASE64`, of which there may be several. */
function hashesOf(integrity: string | undefined): Models.HashDictionary {
  const algorithms = { sha1: Enums.HashAlgorithm["SHA-1"], sha512: Enums.HashAlgorithm["SHA-512"] } as const;
  const hashes = [...(integrity ?? "").matchAll(/(sha1|sha512)-([A-Za-z0-9+/=]+)/g)].map(
    ([, algorithm, digest = ""]): Models.Hash => [
      algorithms[algorithm as keyof typeof algorithms],
      Buffer.from(digest, "base64").toString("hex"),
    ],
  );
  return new Models.HashDictionary(hashes);
}

function placed(place: string): Models.PropertyRepository {
  return new Models.PropertyRepository([new Models.Property("slipway:place", place)]);
}
