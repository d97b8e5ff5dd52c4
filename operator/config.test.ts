import assert from "node:assert/strict";
import { test } from "node:test";
import { type Config, readConfig } from "./config.ts";

const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
const image = ["--server-image", "registry.test/server:1"];

function missing(): string {
  throw new Error("ENOENT: no such file");
}

function words(line: string): string[] {
  return line.split(" ");
}

function configOf(args: readonly string[], environment: Readonly<Record<string, string>> = {}, file = pem): Config {
  const result = readConfig(args, environment, () => file);
  if (result.kind !== "config") throw new Error(JSON.stringify(result));
  return result.config;
}

function errorsOf(args: readonly string[], readFile: (path: string) => string = () => pem): readonly string[] {
  const result = readConfig(args, {}, readFile);
  return result.kind === "errors" ? result.errors : [];
}

test("an image is all that is needed", () => {
  assert.deepEqual(configOf(image), {
    namespace: "slipway-system",
    instance: "slipway-operator",
    httpPort: 8080,
    logLevel: "info",
    leaderElect: true,
    kubeconfig: undefined,
    workers: 4,
    watchNamespaces: [],
    defaults: {
      serverImage: "registry.test/server:1",
      gpuServerImage: "",
      plainHttpHosts: [],
      certificateAuthority: "",
      proxy: { http: "", https: "", exceptions: [] },
      operatorNamespace: "slipway-system",
    },
  });
});

test("flags and environment", () => {
  const config = configOf(
    [
      ...image,
      ...words("--http-port 0 --log-level debug --leader-elect false --kubeconfig k --workers 8"),
      ...words("--certificate-authority-file ca.pem"),
      "--gpu-server-image=registry.test/server-gpu:1",
      ...words("--https-proxy http://proxy.test:3128 --http-proxy https://proxy.test"),
      "--no-proxy= 10.0.0.0/8, .internal.test,",
      "--watch-namespaces=a, b",
      "--plain-http-hosts= a.test, b.test:5000,[::1]:80 ,",
    ],
    { POD_NAMESPACE: "models", POD_NAME: "operator-1", HOSTNAME: "host" },
    `\n${pem}\n`,
  );
  assert.deepEqual(config, {
    namespace: "models",
    instance: "operator-1",
    httpPort: 0,
    logLevel: "debug",
    leaderElect: false,
    kubeconfig: "k",
    workers: 8,
    watchNamespaces: ["a", "b"],
    defaults: {
      serverImage: "registry.test/server:1",
      gpuServerImage: "registry.test/server-gpu:1",
      plainHttpHosts: ["a.test", "b.test:5000", "[::1]:80"],
      certificateAuthority: pem,
      proxy: {
        http: "https://proxy.test",
        https: "http://proxy.test:3128",
        exceptions: ["10.0.0.0/8", ".internal.test"],
      },
      operatorNamespace: "models",
    },
  });
  assert.equal(configOf([...image, "--namespace", "mine"], { POD_NAMESPACE: "models" }).namespace, "mine");
  assert.equal(configOf(image, { HOSTNAME: "host" }).instance, "host");
});

test("nothing of it can be changed", () => {
  const config = configOf(image);
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.defaults));
});

test("every mistake at once, each with what is allowed", () => {
  const errors = errorsOf(
    words(
      "stray --unknown --no-such=1 --help=no --http-port 99999 --workers 0 --log-level loud --leader-elect maybe " +
        "--plain-http-hosts http://a.test/x,b.test --certificate-authority-file empty.pem --kubeconfig",
    ),
    () => "no PEM here",
  );
  const expected = [
    /^stray: not a flag/,
    /^--unknown: there is no such flag/,
    /^--no-such: there is no such flag/,
    /^--help: takes no value/,
    /^--kubeconfig needs a value/,
    /^--server-image is required/,
    /^--log-level loud: allowed are trace, debug, info/,
    /^--http-port 99999: a whole number from 0 to 65535/,
    /^--workers 0: a whole number from 1 to 64/,
    /^--leader-elect maybe: allowed are true and false/,
    /^--plain-http-hosts http:\/\/a\.test\/x: HOST or HOST:PORT/,
    /^--certificate-authority-file empty\.pem: holds no PEM/,
  ];
  assert.equal(errors.length, expected.length, errors.join("\n"));
  for (const pattern of expected)
    assert.ok(
      errors.some((error) => pattern.test(error)),
      `${pattern}`,
    );
});

for (const port of ["", " ", "80.5", "-1", "http", "1e9"]) {
  test(`${JSON.stringify(port)} is no port`, () => {
    assert.match(
      errorsOf([...image, `--http-port=${port}`]).join(),
      /^--http-port .*: a whole number from 0 to 65535$/,
    );
  });
}

test("certificates that cannot be read, or are too many to be frozen into every pod template", () => {
  const flags = [...image, "--certificate-authority-file", "ca.pem"];
  assert.match(errorsOf(flags, missing).join(), /^--certificate-authority-file ca\.pem: ENOENT/);
  assert.match(errorsOf(flags, () => `${pem}\n`.repeat(1000)).join(), /at most 32768 characters/);
  assert.equal(configOf(flags, {}, "  \n").defaults.certificateAuthority, "", "an empty file is no certificate");
});

test("a proxy that is none, and one with a password, are told without their value", () => {
  for (const value of [
    "socks5://p:1",
    "proxy.test:3128",
    "http://",
    "http://p:1/path",
    "http://p:1?x",
    "http://p:1#x",
  ]) {
    assert.deepEqual(errorsOf([...image, `--https-proxy=${value}`]), [
      "--https-proxy: no HTTP proxy: write http://HOST:PORT",
    ]);
  }
  assert.deepEqual(errorsOf([...image, "--http-proxy=http://ada:s3cret@p:1"]), [
    "--http-proxy: a password would show in every pod: set the variable from a Secret in spec.podTemplate",
  ]);
});

test("--help comes before all mistakes, and names every flag", () => {
  const result = readConfig(["--help", "--nonsense"], {});
  assert.equal(result.kind, "help");
  const text = result.kind === "help" ? result.text : "";
  for (const flag of ["server-image", "plain-http-hosts", "http-port", "workers", "kubeconfig", "namespace"]) {
    assert.ok(text.includes(`--${flag} `), flag);
  }
});
