import assert from "node:assert/strict";
import { test } from "node:test";
import { linkerComplaint } from "./load-library.ts";

const isGlibc = process.platform === "linux";

test("a library that is there can be loaded, although it is no addon", { skip: !isGlibc && "Linux alone" }, () => {
  assert.equal(linkerComplaint("libm.so.6"), undefined);
});

test("of one that is not there the linker's own words are given", { skip: !isGlibc && "Linux alone" }, () => {
  assert.match(
    linkerComplaint("libslipway-nowhere.so.1") ?? "",
    /^libslipway-nowhere\.so\.1: cannot open shared object file/,
  );
});
