import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Config, readConfig } from "./config.ts";

const least = { SLIPWAY_MODEL_NAME: "m", SLIPWAY_MODEL_VERSION: "v1" };

function accept(variables: Readonly<Record<string, string>>, cores = 4): Config {
  const result = readConfig({ ...least, ...variables }, cores);
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result.config;
}

test("name and version are enough; the rest is as the contract has it", () => {
  const config = accept({});
  assert.deepEqual(
    [
      config.httpPort,
      config.metricsPort,
      config.modelDirectory,
      config.connectionMaximumAgeSeconds,
      config.bodyLimitBytes,
    ],
    [8080, 9090, "/model", 300, 67_108_864],
  );
  assert.ok(Object.isFrozen(config));
});

describe("workers", () => {
  const table: readonly (readonly [string, Readonly<Record<string, string>>, number, number])[] = [
    ["one for each core of the limit", { SLIPWAY_CPU_LIMIT: "3" }, 8, 3],
    ["at least one", { SLIPWAY_CPU_LIMIT: "1" }, 8, 1],
    ["as many as there are cores without a limit", {}, 2, 2],
    ["no more than the model may be copied", { SLIPWAY_CPU_LIMIT: "128" }, 128, 16],
  ];
  for (const [name, variables, cores, workers] of table) {
    test(name, () => assert.equal(accept(variables, cores).workers, workers));
  }
});

test("a limit above what the node has is worth what the node has", () => {
  const workersOn = (cpuLimit: string, nodeCores: number): number => {
    const result = readConfig({ ...least, SLIPWAY_CPU_LIMIT: cpuLimit }, 1, nodeCores);
    assert.ok(result.ok);
    return result.config.workers;
  };
  assert.deepEqual([workersOn("64", 4), workersOn("4", 64), workersOn("1", 4)], [4, 4, 1]);
});

test("all mistakes are named at once, with the value and what is allowed", () => {
  const result = readConfig(
    {
      SLIPWAY_MODEL_VERSION: " ",
      SLIPWAY_HTTP_PORT: "70000",
      SLIPWAY_CPU_LIMIT: "many",
      SLIPWAY_QUEUE_LIMIT: "1.5",
      SLIPWAY_PROPAGATION_SECONDS: "-1",
      SLIPWAY_LOG_LEVEL: "loud",
      SLIPWAY_ANSWER_COMPRESSION: "always",
      SLIPWAY_CORS_ORIGINS: "app.example.com",
    },
    1,
  );
  assert.ok(!result.ok);
  for (const part of [
    "SLIPWAY_MODEL_NAME is missing",
    "SLIPWAY_MODEL_VERSION is missing",
    'SLIPWAY_HTTP_PORT is "70000"; it must be a whole number from 0 to 65535',
    'SLIPWAY_CPU_LIMIT is "many"',
    'SLIPWAY_QUEUE_LIMIT is "1.5"',
    'SLIPWAY_PROPAGATION_SECONDS is "-1"; it must be a number from 0',
    'SLIPWAY_CORS_ORIGINS has the entry "app.example.com"; an origin is scheme://host',
    'SLIPWAY_ANSWER_COMPRESSION is "always"; it must be one of chosen, any, none',
    'SLIPWAY_LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error, fatal, silent',
  ]) {
    assert.ok(result.message.includes(part), `${part} is not in: ${result.message}`);
  }
});

test("propagation must leave room in the grace period", () => {
  const result = readConfig(
    { ...least, SLIPWAY_PROPAGATION_SECONDS: "30", SLIPWAY_TERMINATION_GRACE_SECONDS: "30" },
    1,
  );
  assert.ok(!result.ok);
  assert.match(result.message, /SLIPWAY_PROPAGATION_SECONDS \(30\) must be less than/);
});

test("spec.server.session decides over the CPU limit", () => {
  const variables = { SLIPWAY_MODEL_NAME: "m", SLIPWAY_MODEL_VERSION: "v1", SLIPWAY_CPU_LIMIT: "4" };
  const read = readConfig({ ...variables, SLIPWAY_WORKERS: "2", SLIPWAY_INTRA_OP_THREADS: "3" }, 8);
  assert.ok(read.ok);
  assert.equal(read.config.workers, 2);
  assert.equal(read.config.intraOpThreads, 3);
});

describe("providers", () => {
  test("the CPU is enough, and has a worker for each core", () => {
    for (const variables of [{}, { SLIPWAY_PROVIDERS: "" }, { SLIPWAY_PROVIDERS: "cpu" }]) {
      const { providers, workers, intraOpThreads } = accept(variables, 4);
      assert.deepEqual([providers, workers, intraOpThreads], [["cpu"], 4, 1]);
    }
  });

  test("on a GPU there is one worker, with all cores for where it ends up on the CPU, unless it is said", () => {
    const { providers, workers, intraOpThreads } = accept({ SLIPWAY_PROVIDERS: "cuda, cpu", SLIPWAY_CPU_LIMIT: "3" });
    assert.deepEqual([providers, workers, intraOpThreads], [["cuda", "cpu"], 1, 3]);
    const said = accept({ SLIPWAY_PROVIDERS: "tensorrt,cuda", SLIPWAY_WORKERS: "2", SLIPWAY_INTRA_OP_THREADS: "1" });
    assert.deepEqual([said.providers, said.workers, said.intraOpThreads], [["tensorrt", "cuda"], 2, 1]);
  });

  for (const [written, message] of [
    ["gpu", 'SLIPWAY_PROVIDERS is "gpu"; it must be each once, by commas, of cuda, tensorrt, cpu'],
    ["cuda,cuda", 'SLIPWAY_PROVIDERS is "cuda,cuda"; it must be each once'],
    ["cpu,cuda", "SLIPWAY_PROVIDERS is cpu,cuda; cpu must be the last, as nothing is tried after it"],
  ] as const) {
    test(`${written} is refused`, () => {
      const result = readConfig({ ...least, SLIPWAY_PROVIDERS: written }, 1);
      assert.ok(!result.ok);
      assert.ok(result.message.includes(message), result.message);
    });
  }
});

test("a request waits for no others unless that is said, and never for more than a second", () => {
  assert.equal(accept({}).batchDelayMilliseconds, 0);
  assert.equal(accept({ SLIPWAY_BATCH_DELAY_MILLISECONDS: "2.5" }).batchDelayMilliseconds, 2.5);
  const result = readConfig({ ...least, SLIPWAY_BATCH_DELAY_MILLISECONDS: "1001" }, 1);
  assert.ok(!result.ok);
  assert.match(result.message, /SLIPWAY_BATCH_DELAY_MILLISECONDS is "1001"; it must be a number from 0 to 1000/);
});
