import { type Panel, rows } from "./dashboard-rows.ts";

/**
 * The Grafana dashboard of the chart. Written as code, as four fifths of a dashboard's JSON are the same for every
 * panel; test/chart/metrics.test.ts holds every query against what is really emitted.
 */

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

function timeSeries(id: number, { title, description, unit, queries, softMax }: Panel, gridPos: object): object {
  const custom = { fillOpacity: 8, showPoints: "never", ...(softMax === undefined ? {} : { axisSoftMax: softMax }) };
  return {
    id,
    type: "timeseries",
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom }, overrides: [] },
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
