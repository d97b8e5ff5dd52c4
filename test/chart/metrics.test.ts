import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model } from "../../operator/api/model.ts";
import { publishConditions } from "../../operator/model-metrics.ts";
import { createMetrics as operatorMetrics } from "../../operator/kube/metrics.ts";
import { noStatistics } from "../../server/protocol/v2/model-statistics.ts";
import { createShardMetrics } from "../../server/shard/metrics.ts";
import { createMetrics as serverMetrics } from "../../server/supervisor/metrics.ts";
import { readDashboard, readRules, shownExpressions } from "./monitoring.ts";
import { parseExpression, parseSamples, type Sample } from "./promql.ts";

/** What Prometheus adds to every series of a pod that a PodMonitor finds. */
const scrapeLabels = ["namespace", "pod", "container", "endpoint", "instance", "job"];

test("every metric and label that the dashboard or an alert names is emitted", async () => {
  const emitted = labelsBySeries([...(await operatorSamples()), ...(await serverSamples())]);
  const shown = await shownExpressions();
  assert.ok(shown.length > 30);
  for (const { where, expr, shownLabels } of shown) {
    const { selectors, grouping, aggregates } = parseExpression(expr);
    const known = new Set<string>();
    for (const { series, matchers } of selectors) {
      const labels = emitted.get(series);
      assert.ok(labels, `${where}: nothing emits ${series}`);
      for (const label of [...labels, ...scrapeLabels]) known.add(label);
      for (const { label } of matchers) {
        assert.ok(labels.has(label) || scrapeLabels.includes(label), `${where}: ${series} has no label ${label}`);
      }
    }
    for (const label of grouping) assert.ok(known.has(label), `${where}: no series has the label ${label}`);
    const left = aggregates ? new Set(grouping) : known;
    for (const label of shownLabels) assert.ok(left.has(label), `${where}: the label ${label} is not left to be shown`);
  }
});

test("an expression that Prometheus would refuse, a metric and a label that there is not are found", async () => {
  const emitted = labelsBySeries(await serverSamples());
  assert.throws(() => parseExpression("sum by (model) (rate(slipway_requests_total[5m])"), /not understood/);
  assert.equal(emitted.get("slipway_request_total"), undefined);
  assert.equal(emitted.get("slipway_requests_total")?.has("status"), false);
  assert.deepEqual(parseExpression('rate(a_bucket{b="c", d!~"e.*"}[5m]) > 0').selectors, [
    {
      series: "a_bucket",
      matchers: [
        { label: "b", operator: "=", value: "c" },
        { label: "d", operator: "!~", value: "e.*" },
      ],
    },
  ]);
});

test("every alert has what whoever is woken by it needs", async () => {
  const rules = await readRules();
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, labels, annotations } of rules) {
    assert.match(alert, /^Slipway[A-Z]/);
    assert.match(labels["severity"] ?? "", /^(warning|critical)$/, alert);
    assert.ok((annotations["summary"] ?? "").length > 20 && (annotations["description"] ?? "").length > 40, alert);
  }
});

test("the panels of the dashboard have ids of their own and do not overlap", async () => {
  const { panels } = await readDashboard();
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies over another panel`);
        taken.set(`${x},${y}`, title);
      }
    }
  }
});

/** As a scrape reads it, each metric with a value. */
async function operatorSamples(): Promise<readonly Sample[]> {
  const metrics = operatorMetrics();
  metrics.request("GET", "200", 0.1);
  metrics.requestRetried("GET", "503");
  const queue = metrics.queue("model");
  queue.depth(1);
  queue.added();
  queue.retried();
  queue.waited(0.1);
  queue.worked(0.1);
  metrics.reconciled("model", "error", 0.1);
  metrics.activeWorkers("model", 1);
  metrics.leader("slipway-operator", true);
  metrics.watch("pods", "list");
  metrics.watchLag("pods", () => 1_000);
  metrics.eventLost("rate");
  publishConditions(metrics.registry, () => [{ metadata: { namespace: "shop", name: "digits" } } as Model]);
  return parseSamples(await metrics.registry.metrics());
}

async function serverSamples(): Promise<readonly Sample[]> {
  const [model, version] = ["digits", "v1"];
  const metrics = serverMetrics({
    model,
    version,
    workers: () => 1,
    isReady: () => true,
    isInService: () => true,
    provider: () => "cpu",
  });
  metrics.workerReplaced();
  const shard = createShardMetrics({ model, version, queued: () => 0, inFlight: () => 0, connections: () => 0 });
  shard.answered("/predict", 200, 0.1);
  shard.ran(0.1, 0.1);
  return parseSamples(
    await metrics.text([{ metrics: await shard.snapshot(), recent: [], statistics: noStatistics, exchanges: 0 }]),
  );
}

function labelsBySeries(samples: readonly Sample[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { series, labels } of samples) {
    found.set(series, new Set([...(found.get(series) ?? []), ...Object.keys(labels)]));
  }
  return found;
}
