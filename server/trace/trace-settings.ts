/**
 * Where spans go and which: the environment of the OpenTelemetry specification ("Environment Variable Specification",
 * "OpenTelemetry Protocol Exporter"). Nothing is exported unless an endpoint is named.
 */
export interface TraceSettings {
  /** The whole URL. */
  readonly endpoint: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isCompressed: boolean;
  /** Of one export, all tries together. */
  readonly timeoutMilliseconds: number;
  /** How long a span may wait for others. */
  readonly delayMilliseconds: number;
  readonly sampler: SamplerSettings;
  /** Attributes of the process that the spans come from. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface SamplerSettings {
  /** Whether a caller that says whether its trace is sampled decides. */
  readonly isParentBased: boolean;
  /** Of the traces that nobody has decided: 0 none, 1 all. */
  readonly ratio: number;
}

export interface TraceEnvironment {
  /** Undefined: nothing is exported. */
  readonly settings: TraceSettings | undefined;
  /**
   * What was set and is not followed. Whole clusters are given these variables by injection, so a wrong one costs the
   * traces and never the server.
   */
  readonly warnings: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

const defaultTimeoutMilliseconds = 10_000;
const defaultDelayMilliseconds = 5_000;
const longestMilliseconds = 3_600_000;

export function readTraceEnvironment(
  variables: Variables,
  service: Readonly<Record<string, string>>,
): TraceEnvironment {
  const warnings: string[] = [];
  const text = (name: string): string | undefined => variables[name]?.trim() || undefined;
  /** That for traces goes before that for all signals. */
  const exporter = (name: string): string | undefined =>
    text(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? text(`OTEL_EXPORTER_OTLP_${name}`);
  const milliseconds = (name: string, value: string | undefined, fallback: number): number => {
    if (value === undefined) return fallback;
    const read = Number(value);
    if (Number.isFinite(read) && read >= 1 && read <= longestMilliseconds) return read;
    warnings.push(`${name} is ${shown(value)}; it must be milliseconds from 1 to ${longestMilliseconds}`);
    return fallback;
  };
  const off: TraceEnvironment = { settings: undefined, warnings };

  if (text("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return off;
  const exporters = text("OTEL_TRACES_EXPORTER") ?? "otlp";
  if (exporters === "none") return off;
  const named = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = text("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (named === undefined && base === undefined) return off;
  const given = named ?? base ?? "";
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    warnings.push(`the endpoint ${shown(given)} for traces is no http or https URL, so none are sent`);
    return off;
  }
  if (!exporters.split(",").some((exported) => exported.trim() === "otlp")) {
    warnings.push(`OTEL_TRACES_EXPORTER is ${shown(exporters)}; only otlp and none are known, so no traces are sent`);
    return off;
  }
  const protocol = exporter("PROTOCOL") ?? "http/protobuf";
  if (protocol !== "http/protobuf") {
    warnings.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${shown(protocol)}; only http/protobuf is spoken, usually on port 4318, so no traces are sent`,
    );
    return off;
  }
  const compression = exporter("COMPRESSION") ?? "none";
  if (compression !== "gzip" && compression !== "none") {
    warnings.push(`OTEL_EXPORTER_OTLP_COMPRESSION is ${shown(compression)}; only gzip and none are known`);
  }
  const resource = { ...service, ...pairs("OTEL_RESOURCE_ATTRIBUTES", text("OTEL_RESOURCE_ATTRIBUTES"), warnings) };
  const serviceName = text("OTEL_SERVICE_NAME");
  const headers = pairs("OTEL_EXPORTER_OTLP_HEADERS", exporter("HEADERS"), warnings);
  return {
    settings: {
      endpoint: named === undefined ? withPath(given) : new URL(given).href,
      headers: Object.fromEntries(
        Object.entries(headers).flatMap(([name, value]) => {
          if (headerName.test(name) && headerValue.test(value)) return [[name.toLowerCase(), value]];
          warnings.push(`OTEL_EXPORTER_OTLP_HEADERS has the header ${shown(name)}, which HTTP does not take`);
          return [];
        }),
      ),
      isCompressed: compression === "gzip",
      timeoutMilliseconds: milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", exporter("TIMEOUT"), defaultTimeoutMilliseconds),
      delayMilliseconds: milliseconds(
        "OTEL_BSP_SCHEDULE_DELAY",
        text("OTEL_BSP_SCHEDULE_DELAY"),
        defaultDelayMilliseconds,
      ),
      sampler: readSampler(text("OTEL_TRACES_SAMPLER"), text("OTEL_TRACES_SAMPLER_ARG"), warnings),
      resource: serviceName === undefined ? resource : { ...resource, "service.name": serviceName },
    },
    warnings,
  };
}

const headerName = /^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/;
const headerValue = /^[\t\x20-\x7e]*$/;

function readSampler(
  name = "parentbased_always_on",
  argument: string | undefined,
  warnings: string[],
): SamplerSettings {
  const [, parent, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (kind === undefined) {
    warnings.push(
      `OTEL_TRACES_SAMPLER is ${shown(name)}; known are always_on, always_off and traceidratio, each with parentbased_ before it or not; parentbased_always_on is used`,
    );
    return { isParentBased: true, ratio: 1 };
  }
  const isParentBased = parent !== undefined;
  if (kind !== "traceidratio") return { isParentBased, ratio: kind === "always_on" ? 1 : 0 };
  const ratio = Number(argument ?? "1");
  if (ratio >= 0 && ratio <= 1) return { isParentBased, ratio };
  warnings.push(`OTEL_TRACES_SAMPLER_ARG is ${shown(argument ?? "")}; it must be a number from 0 to 1; 1 is used`);
  return { isParentBased, ratio: 1 };
}

/** `key=value` with commas between, values percent-encoded. */
function pairs(name: string, text: string | undefined, warnings: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of (text ?? "").split(",")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    const key = pair.slice(0, at).trim();
    const value = at > 0 && key !== "" ? decoded(pair.slice(at + 1).trim()) : undefined;
    // A value may be a secret, so it is not repeated.
    if (value === undefined) warnings.push(`${name} has an entry that is not key=value with a percent-encoded value`);
    else found[key] = value;
  }
  return found;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** An endpoint for all signals is a base; the path for traces follows it. */
function withPath(base: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return url.href;
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}
