/**
 * The Grafana dashboard of the chart. Written as code, as four fifths of a dashboard's JSON are the same for every
 * panel; test/chart/metrics.test.ts holds every query against what is really emitted.
 */

type Unit = "reqps" | "short" | "s" | "percentunit" | "bytes" | "ops";

interface Query {
  readonly expr: string;
  /** With label names in braces, as Grafana has it. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Pods are asked for their health every second; that is no load. */
const predictions = `namespace=~"$namespace", model=~"$model", route!~".*/(health/.*|ready)"`;
const chosen = `namespace=~"$namespace", model=~"$model"`;
const operator = `namespace="$operator"`;
const controller = `controller="model", ${operator}`;
const queue = `name="model", ${operator}`;

const rows: readonly Row[] = [
  {
    title: "Models",
    panels: [
      panel("Requests", "Answers a second, by version: a rollout is one line that takes over from another.", "reqps", [
        query(
          `sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}}[$__rate_interval]))`,
          byVersion(),
        ),
      ]),
      panel("Errors", "Answers with a status of 400 or above, a second.", "reqps", [
        query(
          `sum by (namespace, model, code) (rate(slipway_requests_total{${predictions}, code=~"[45].."}[$__rate_interval]))`,
          "{{namespace}}/{{model}} {{code}}",
        ),
      ]),
      panel("Share of errors", "Answers of the server's making that failed (5xx), of all.", "percentunit", [
        query(
          // Without the part after "or" a model that never failed would have no line at 0.
          `(sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}, code=~"5.."}[$__rate_interval])) or ` +
            `0 * sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}}[$__rate_interval]))) / ` +
            `sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}}[$__rate_interval]))`,
          byVersion(),
        ),
      ]),
      panel(
        "Latency",
        "From the end of a request's headers to the end of its answer.",
        "s",
        [0.5, 0.95, 0.99].map((quantile) =>
          query(
            quantileOf(quantile, "namespace, model", `slipway_request_duration_seconds_bucket{${predictions}}`),
            `{{namespace}}/{{model}} p${quantile * 100}`,
          ),
        ),
      ),
      panel("Where the time goes", "Waiting for a worker, and in the model itself; 95 of 100 are faster.", "s", [
        query(
          quantileOf(0.95, "namespace, model", `slipway_queue_duration_seconds_bucket{${chosen}}`),
          "{{namespace}}/{{model}} waiting",
        ),
        query(
          quantileOf(0.95, "namespace, model", `slipway_inference_duration_seconds_bucket{${chosen}}`),
          "{{namespace}}/{{model}} running",
        ),
      ]),
      panel(
        "Queue and requests in flight",
        "Requests that wait for a worker, and all that are not answered yet.",
        "short",
        [
          query(`sum by (namespace, model) (slipway_queue_length{${chosen}})`, "{{namespace}}/{{model}} queued"),
          query(
            `sum by (namespace, model) (slipway_requests_in_flight{${chosen}})`,
            "{{namespace}}/{{model}} in flight",
          ),
        ],
      ),
      panel("Rollouts", "Pods that are ready and in service, by version.", "short", [
        query(
          `sum by (namespace, model, version) (slipway_ready{${chosen}} * slipway_in_service{${chosen}})`,
          byVersion(),
        ),
      ]),
      panel("Workers", "Worker threads that can run the model, and those that died and were replaced.", "short", [
        query(`sum by (namespace, model) (slipway_workers{${chosen}})`, "{{namespace}}/{{model}} workers"),
        query(
          `sum by (namespace, model) (increase(slipway_workers_replaced_total{${chosen}}[$__rate_interval]))`,
          "{{namespace}}/{{model}} replaced",
        ),
      ]),
      panel("Connections", "Open connections on the prediction port, by pod.", "short", [
        query(`slipway_connections{${chosen}}`, "{{pod}}"),
      ]),
      panel("Memory", "Resident memory of the server, by pod.", "bytes", [
        query(`process_resident_memory_bytes{${chosen}}`, "{{pod}}"),
      ]),
    ],
  },
  {
    title: "Operator",
    panels: [
      panel("Reconciles", "Passes over models a second, by result.", "ops", [
        query(
          `sum by (result) (rate(controller_runtime_reconcile_total{${controller}}[$__rate_interval]))`,
          "{{result}}",
        ),
      ]),
      panel(
        "Time of a pass",
        "99 of 100, and half of the passes are faster.",
        "s",
        [0.5, 0.99].map((quantile) =>
          query(
            quantileOf(quantile, "", `controller_runtime_reconcile_time_seconds_bucket{${controller}}`),
            `p${quantile * 100}`,
          ),
        ),
      ),
      panel("Queue", "Models that wait for the operator, and workers that are busy.", "short", [
        query(`sum(workqueue_depth{${queue}})`, "waiting"),
        query(`sum(controller_runtime_active_workers{${controller}})`, "busy workers"),
      ]),
      panel("Time in the queue", "99 of 100 models wait less.", "s", [
        query(quantileOf(0.99, "", `workqueue_queue_duration_seconds_bucket{${queue}}`), "p99"),
      ]),
      panel("Requests to the API server", "By verb and answer; watches are one request each.", "reqps", [
        query(
          `sum by (method, code) (rate(rest_client_requests_total{${operator}}[$__rate_interval]))`,
          "{{method}} {{code}}",
        ),
      ]),
      panel("Latency of the API server", "As the operator sees it; 99 of 100 are faster.", "s", [
        query(quantileOf(0.99, "verb", `rest_client_request_duration_seconds_bucket{${operator}}`), "{{verb}}"),
      ]),
      panel("Watch lag", "Time without a watch, by resource. Above a minute the operator is not ready.", "s", [
        query(`max by (resource) (reflector_lag_seconds{${operator}})`, "{{resource}}"),
      ]),
      panel("Leader", "1 for the pod that works; the others wait.", "short", [
        query(`leader_election_master_status{name="slipway-operator", ${operator}}`, "{{pod}}"),
      ]),
    ],
  },
];

/** The file as it is committed, and as Grafana imports it. */
export function dashboard(): string {
  return `${JSON.stringify(document(), undefined, 2)}\n`;
}

function document(): object {
  return {
    uid: "slipway",
    title: "Slipway",
    description: "Models that Slipway serves, and the operator behind them.",
    tags: ["slipway", "inference"],
    editable: true,
    // The model of Grafana 10.4; later ones migrate it by themselves.
    schemaVersion: 39,
    version: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    graphTooltip: 1,
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", hide: 0 },
        variable("namespace", "Namespace", "label_values(slipway_ready, namespace)", true),
        variable("model", "Model", `label_values(slipway_ready{namespace=~"$namespace"}, model)`, true),
        variable(
          "operator",
          "Operator's namespace",
          `label_values(leader_election_master_status{name="slipway-operator"}, namespace)`,
          false,
        ),
      ],
    },
    panels: placed(),
  };
}

/** Grafana divides the width by 24. */
const panelWidth = 8;
const panelsAcross = 24 / panelWidth;
const panelHeight = 8;

function placed(): object[] {
  const all: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    all.push({
      id: all.length + 1,
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: 24, x: 0, y },
    });
    y += 1;
    for (const [index, each] of panels.entries()) {
      const x = (index % panelsAcross) * panelWidth;
      const top = y + Math.floor(index / panelsAcross) * panelHeight;
      all.push(timeSeries(all.length + 1, each, { h: panelHeight, w: panelWidth, x, y: top }));
    }
    y += Math.ceil(panels.length / panelsAcross) * panelHeight;
  }
  return all;
}

const datasource = { type: "prometheus", uid: "${datasource}" };

function timeSeries(id: number, { title, description, unit, queries }: Panel, gridPos: object): object {
  return {
    id,
    type: "timeseries",
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat: legend,
    })),
  };
}

function variable(name: string, label: string, definition: string, many: boolean): object {
  return {
    name,
    label,
    type: "query",
    datasource,
    definition,
    query: { query: definition, refId: name },
    // When the time range changes, as models come and go.
    refresh: 2,
    sort: 1,
    multi: many,
    includeAll: many,
    ...(many ? { allValue: ".*", current: { text: "All", value: "$__all" } } : {}),
  };
}

function panel(title: string, description: string, unit: Unit, queries: readonly Query[]): Panel {
  return { title, description, unit, queries };
}

function query(expr: string, legend: string): Query {
  return { expr, legend };
}

function byVersion(): string {
  return "{{namespace}}/{{model}} {{version}}";
}

function quantileOf(quantile: number, by: string, buckets: string): string {
  const labels = by === "" ? "le" : `${by}, le`;
  return `histogram_quantile(${quantile}, sum by (${labels}) (rate(${buckets}[$__rate_interval])))`;
}
