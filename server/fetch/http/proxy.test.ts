import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isFailure } from "../failure.ts";
import { proxyFor, readProxySettings, shownProxy } from "./proxy.ts";

/** The proxy's host for a URL. */
function through(url: string, environment: Readonly<Record<string, string>>): string | undefined {
  return proxyFor(new URL(url), readProxySettings(environment))?.url.host;
}

const both = { HTTP_PROXY: "http://plain:1", HTTPS_PROXY: "http://secure:2" };
const chosen: readonly [string, Readonly<Record<string, string>>, string | undefined][] = [
  ["http://a.example/", both, "plain:1"],
  ["https://a.example/", both, "secure:2"],
  // As curl and Go have it, and unlike undici: the one is not for the other.
  ["https://a.example/", { HTTP_PROXY: "http://plain:1" }, undefined],
  ["http://a.example/", { HTTPS_PROXY: "http://secure:2" }, undefined],
  ["https://a.example/", { ALL_PROXY: "http://all:3" }, "all:3"],
  ["http://a.example/", { all_proxy: "http://all:3" }, "all:3"],
  ["https://a.example/", { ...both, ALL_PROXY: "http://all:3" }, "secure:2"],
  ["https://a.example/", { ...both, https_proxy: "http://small:4" }, "small:4"],
  ["http://a.example/", { ...both, http_proxy: "http://small:4" }, "small:4"],
  ["https://a.example/", { ...both, https_proxy: "" }, undefined],
  ["https://a.example/", { HTTPS_PROXY: "  " }, undefined],
  ["https://a.example/", { HTTPS_PROXY: "proxy:3128" }, "proxy:3128"],
  ["https://a.example/", { HTTPS_PROXY: "https://ada:s3cret@proxy:3128" }, "proxy:3128"],
  ["https://a.example/", {}, undefined],
];
for (const [url, environment, host] of chosen) {
  test(`${url} with ${JSON.stringify(environment)} goes through ${host ?? "no proxy"}`, () => {
    assert.equal(through(url, environment), host);
  });
}

/** Entries, and URLs that go through the proxy in spite of them, and URLs that do not. */
const exceptions: readonly [string, readonly string[], readonly string[]][] = [
  ["*", [], ["https://a.example/", "http://10.0.0.1/"]],
  ["a.example", ["https://b.example/", "https://aa.example/"], ["https://a.example/", "https://x.a.example/"]],
  [".a.example", ["https://aa.example/"], ["https://a.example/", "https://x.a.example/"]],
  ["*.a.example", ["https://a.example/"], ["https://x.a.example/", "https://y.x.a.example/"]],
  ["A.Example.", ["https://b.example/"], ["https://a.example./", "https://A.example/"]],
  ["a.example:8443", ["https://a.example/"], ["https://a.example:8443/", "https://x.a.example:8443/"]],
  ["a.example:443", ["http://a.example/"], ["https://a.example/"]],
  ["10.0.0.0/8", ["https://11.0.0.1/", "https://ten.example/"], ["https://10.1.2.3/", "http://10.1.2.3:5000/"]],
  ["10.0.0.1", ["https://10.0.0.2/"], ["https://10.0.0.1:5000/"]],
  ["10.0.0.1:5000", ["https://10.0.0.1/"], ["https://10.0.0.1:5000/"]],
  ["[fd00::1]:5000", ["https://[fd00::1]/"], ["https://[fd00::1]:5000/"]],
  ["fd00::1", ["https://[fd00::2]/"], ["https://[fd00::1]/", "https://[fd00:0:0::1]/"]],
  ["fd00::/16", ["https://[fe00::1]/"], ["https://[fd00:1::1]/"]],
  [" a.example , b.example\tc.example,,", ["https://d.example/"], ["https://a.example/", "https://c.example/"]],
  // What is no network is a name that nothing has.
  ["10.0.0.0/99", ["https://10.0.0.1/"], []],
];
for (const [entries, proxied, direct] of exceptions) {
  test(`NO_PROXY=${entries}`, () => {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const environment = { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://p:1", [name]: entries };
      for (const url of proxied) assert.equal(through(url, environment), "p:1", url);
      for (const url of direct) assert.equal(through(url, environment), undefined, url);
    }
  });
}

test("the machine itself, its credentials and its cluster are never reached through a proxy", () => {
  const environment = { ALL_PROXY: "http://p:1" };
  const near = [
    "localhost",
    "model.localhost",
    "127.0.0.1",
    "127.8.9.1",
    "[::1]",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.169.254",
    "[fd00:ec2::23]",
    "[fe80::1]",
    "minio.models.svc",
    "minio.models.svc.cluster.local",
  ];
  for (const host of near) assert.equal(through(`http://${host}:9000/`, environment), undefined, host);
  for (const host of ["svc", "my-svc.example", "cluster.local.example", "128.0.0.1", "[fd00:ed2::1]"]) {
    assert.equal(through(`http://${host}:9000/`, environment), "p:1", host);
  }
});

test("a variable that names no HTTP proxy is told without its value", () => {
  for (const value of ["socks5://ada:s3cret@p:1", "http://", "ftp://p", "http://ada:s3%cret@p:1", "http://p:port"]) {
    assert.throws(() => through("https://a.example/", { HTTPS_PROXY: value }), {
      name: "InvalidConfiguration",
      message: "HTTPS_PROXY names no HTTP proxy: write http://HOST:PORT.",
    });
  }
});

test("a password with characters that end a host is told without its value", () => {
  for (const value of [
    "http://ada:2024#Summer@proxy.corp:3128",
    "http://ada:#Summer@proxy.corp:3128",
    "http://ada:12/34secret@proxy.corp:3128",
    "http://ada:77?secret@proxy.corp:3128",
    "ada:77?secret@proxy.corp:3128",
    "http://CORP\\ada:secret@proxy.corp:3128",
    "http://proxy.corp:3128/path",
    "http://proxy.corp:3128//",
  ]) {
    assert.throws(() => through("https://a.example/", { HTTPS_PROXY: value }), {
      name: "InvalidConfiguration",
      message:
        "HTTPS_PROXY has more than http://NAME:PASSWORD@HOST:PORT: in the user name and the password write %23 for #, %2F for /, %3F for ? and %5C for \\.",
    });
  }
  for (const value of [
    "http://ada:20%2324@proxy.corp:3128/",
    "http://CORP%5Cada:p@ss@proxy.corp:3128",
    "proxy.corp:3128/",
  ]) {
    assert.equal(through("https://a.example/", { HTTPS_PROXY: value }), "proxy.corp:3128");
  }
});

test("a variable that names no HTTP proxy does not matter to what goes past it", () => {
  const all = { ALL_PROXY: "socks5://p:1" };
  assert.equal(through("https://a.example/", { ...all, NO_PROXY: "a.example" }), undefined);
  assert.equal(through("https://minio.models.svc/", all), undefined);
  assert.equal(through("https://a.example/", { ...all, HTTPS_PROXY: "http://secure:2" }), "secure:2");
  assert.throws(() => through("http://a.example/", { ...all, HTTPS_PROXY: "http://secure:2" }), {
    name: "InvalidConfiguration",
  });
});

test("a proxy is shown without its user name and password", () => {
  const { https } = readProxySettings({ https_proxy: "http://ada:s3cret@p.example:1" });
  assert.ok(https !== undefined && "url" in https);
  assert.equal(shownProxy(https), "the proxy p.example:1 of https_proxy");
});

test("any value is read without harm", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (proxy, exception) => {
      const environment = { HTTPS_PROXY: proxy, NO_PROXY: exception };
      try {
        proxyFor(new URL("https://a.example/"), readProxySettings(environment));
      } catch (error) {
        assert.ok(isFailure(error), String(error));
      }
    }),
  );
});
