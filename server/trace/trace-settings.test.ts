import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readTraceEnvironment, type TraceEnvironment, type TraceSettings } from "./trace-settings.ts";

const service = { "service.name": "m", "service.version": "v1" };
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

function read(variables: Readonly<Record<string, string>>): TraceEnvironment {
  return readTraceEnvironment(variables, service);
}

function settings(variables: Readonly<Record<string, string>>): TraceSettings {
  const { settings: found, warnings } = read({ ...endpoint, ...variables });
  assert.deepEqual(warnings, []);
  assert.ok(found !== undefined);
  return found;
}

test("an endpoint is all it takes", () => {
  assert.deepEqual(settings({}), {
    endpoint: "http://collector:4318/v1/traces",
    headers: {},
    isCompressed: false,
    timeoutMilliseconds: 10_000,
    delayMilliseconds: 5_000,
    sampler: { isParentBased: true, ratio: 1 },
    resource: service,
  });
});

describe("nothing is exported, and nothing said", () => {
  for (const variables of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: " " },
    { ...endpoint, OTEL_SDK_DISABLED: "True" },
    { ...endpoint, OTEL_TRACES_EXPORTER: "none" },
    { OTEL_SERVICE_NAME: "x", OTEL_TRACES_SAMPLER: "wrong" },
  ]) {
    test(JSON.stringify(variables), () => assert.deepEqual(read(variables), { settings: undefined, warnings: [] }));
  }
});

describe("the endpoint", () => {
  const table: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://a.example/otlp/" }, "https://a.example/otlp/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b:1" }, "http://b:1/"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b:1/x?y" }, "http://b:1/x?y"],
  ];
  for (const [variables, url] of table) test(url, () => assert.equal(settings(variables).endpoint, url));
});

test("that for traces goes before that for all signals", () => {
  const { headers, isCompressed, timeoutMilliseconds } = settings({
    OTEL_EXPORTER_OTLP_HEADERS: "a=1",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "Authorization=Bearer%20x%3D1, b = 2 ",
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2500",
  });
  assert.deepEqual(headers, { authorization: "Bearer x=1", b: "2" });
  assert.deepEqual([isCompressed, timeoutMilliseconds], [true, 2500]);
});

test("resource attributes, with the service's name before all others", () => {
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=a,k8s.pod.name=p%2C1,service.version=2" };
  assert.deepEqual(settings(attributes).resource, {
    "service.name": "a",
    "service.version": "2",
    "k8s.pod.name": "p,1",
  });
  assert.equal(settings({ ...attributes, OTEL_SERVICE_NAME: "b" }).resource["service.name"], "b");
});

describe("samplers", () => {
  const table: readonly (readonly [string, string | undefined, boolean, number])[] = [
    ["always_on", undefined, false, 1],
    ["always_off", undefined, false, 0],
    ["traceidratio", "0.25", false, 0.25],
    ["traceidratio", undefined, false, 1],
    ["parentbased_always_on", undefined, true, 1],
    ["parentbased_always_off", undefined, true, 0],
    ["parentbased_traceidratio", "0", true, 0],
  ];
  for (const [name, argument, isParentBased, ratio] of table) {
    test(`${name} ${argument}`, () => {
      const variables = {
        OTEL_TRACES_SAMPLER: name,
        ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }),
      };
      assert.deepEqual(settings(variables).sampler, { isParentBased, ratio });
    });
  }
});

describe("what is wrong is said and costs at most the traces", () => {
  const table: readonly (readonly [Readonly<Record<string, string>>, RegExp, boolean])[] = [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, /"collector:4318".*no http or https URL/, false],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /"grpc"; only http\/protobuf/, false],
    [{ OTEL_TRACES_EXPORTER: "jaeger" }, /"jaeger"; only otlp and none/, false],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: "br" }, /"br"; only gzip and none/, true],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: "soon" }, /OTEL_EXPORTER_OTLP_TIMEOUT is "soon"/, true],
    [{ OTEL_BSP_SCHEDULE_DELAY: "0" }, /OTEL_BSP_SCHEDULE_DELAY is "0"/, true],
    [{ OTEL_TRACES_SAMPLER: "jaeger_remote" }, /"jaeger_remote"; known are/, true],
    [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" }, /ARG is "2"/, true],
    [{ OTEL_RESOURCE_ATTRIBUTES: "a" }, /OTEL_RESOURCE_ATTRIBUTES has an entry/, true],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "a=%zz" }, /OTEL_EXPORTER_OTLP_HEADERS has an entry/, true],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "a=x%0d%0ab: y" }, /header "a", which HTTP does not take/, true],
  ];
  for (const [variables, warning, isOn] of table) {
    test(JSON.stringify(variables), () => {
      const found = read({ ...endpoint, ...variables });
      assert.equal(found.warnings.length, 1);
      assert.match(found.warnings[0] ?? "", warning);
      assert.equal(found.settings !== undefined, isOn);
    });
  }

  test("a secret is never repeated", () => {
    const { warnings } = read({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret%0d,secret" });
    assert.equal(warnings.length, 2);
    assert.doesNotMatch(warnings.join(), /secret/);
  });
});
