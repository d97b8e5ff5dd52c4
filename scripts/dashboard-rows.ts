/** What the dashboard shows: its rows, panels and queries. */

type Unit = "reqps" | "short" | "s" | "percentunit" | "bytes" | "ops";

interface Query {
  readonly expr: string;
  /** With label names in braces, as Grafana has it. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** How far the axis reaches at least: where the alert begins. Without it a line at 0 has an axis of 100 units. */
  readonly softMax?: number;
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
const leader = `leader_election_master_status{name="slipway-operator", ${operator}}`;
const queue = `name="model", ${operator}`;

export const rows: readonly Row[] = [
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
      panel(
        "Share of errors",
        "Answers of the server's making that failed (5xx), of all.",
        "percentunit",
        [
          query(
            // Without the part after "or" a model that never failed would have no line at 0.
            `(sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}, code=~"5.."}[$__rate_interval])) or ` +
              `0 * sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}}[$__rate_interval]))) / ` +
              `sum by (namespace, model, version) (rate(slipway_requests_total{${predictions}}[$__rate_interval]))`,
            byVersion(),
          ),
        ],
        0.05,
      ),
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
      panel("Kept warm", "Pods that are ready and out of service, for the way back, by version.", "short", [
        query(
          `sum by (namespace, model, version) (slipway_ready{${chosen}} * (1 - slipway_in_service{${chosen}}))`,
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
      panel("Processor", "Cores that the server uses, by pod.", "short", [
        query(`rate(process_cpu_seconds_total{${chosen}}[$__rate_interval])`, "{{pod}}"),
      ]),
    ],
  },
  {
    title: "Operator",
    panels: [
      panel("Models", "All, and those of which a condition is True.", "short", [
        query(`count(${eachModel("model")})`, "all"),
        query(`sum by (type) (${eachModel("model, type")})`, "{{type}}"),
      ]),
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
        // An operator that waits for the lease has every model in its queue.
        query(`sum(workqueue_depth{${queue}} * on (namespace, pod) ${leader})`, "waiting"),
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
      panel(
        "Watch lag",
        "Time without a watch, by resource. Above a minute the operator is not ready.",
        "s",
        [query(`max by (resource) (reflector_lag_seconds{${operator}})`, "{{resource}}")],
        60,
      ),
      panel("Leader", "1 for the pod that works; the others wait.", "short", [query(leader, "{{pod}}")]),
    ],
  },
];

function panel(title: string, description: string, unit: Unit, queries: readonly Query[], softMax?: number): Panel {
  return { title, description, unit, queries, ...(softMax === undefined ? {} : { softMax }) };
}

function query(expr: string, legend: string): Query {
  return { expr, legend };
}

function byVersion(): string {
  return "{{namespace}}/{{model}} {{version}}";
}

/** Once for each model: the operator that waits for the lease tells the same as the one that works. */
function eachModel(labels: string): string {
  return `max by (model_namespace, ${labels}) (slipway_model_condition{${operator}})`;
}

function quantileOf(quantile: number, by: string, buckets: string): string {
  const labels = by === "" ? "le" : `${by}, le`;
  return `histogram_quantile(${quantile}, sum by (${labels}) (rate(${buckets}[$__rate_interval])))`;
}
