import assert from "node:assert/strict";
import { test } from "node:test";
import { debianPackages } from "./debian-packages.ts";

const status = `Package: libstdc++6
Status: install ok installed
Maintainer: Debian GCC Maintainers <debian-gcc@lists.debian.org>
Architecture: amd64
Source: gcc-12 (12.2.0-14+deb12u1)
Version: 12.2.0-14+deb12u1
Description: GNU Standard C++ Library v3
 Version: of nothing
 .
 More lines.

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: base-files
Architecture: amd64
Version: 12.4+deb12u12
`;

test("dpkg's paragraphs give the packages that are installed, each with its source package", () => {
  assert.deepEqual(debianPackages(status), [
    { name: "base-files", version: "12.4+deb12u12", architecture: "amd64", source: "base-files" },
    { name: "libstdc++6", version: "12.2.0-14+deb12u1", architecture: "amd64", source: "gcc-12" },
  ]);
});

test("an empty list has no packages", () => {
  assert.deepEqual(debianPackages("\n\n"), []);
});
