import type { ServedModel } from "../state.ts";
import { type Datatype, elementCount, type TensorSpec } from "../tensor.ts";

export interface Example {
  readonly title: string;
  readonly command: string;
}

/** Above this the values are made by the shell instead of being written out. */
const writtenElements = 64;

interface Input {
  readonly spec: TensorSpec;
  readonly shape: readonly number[];
  /** Stands for the values until it is known whether they are written out. Cannot occur in JSON or in a name's JSON. */
  readonly mark: string;
}

/**
 * One command for each protocol, ready to run: zeros of shapes that the model is known to run with. Inputs that may be left
 * out are.
 */
export function curlLines(model: ServedModel, base: string): readonly Example[] {
  const required = model.signature.inputs.filter(({ isOptional }) => isOptional !== true);
  const inputs: readonly Input[] = required.map((spec, index) => ({
    spec,
    shape: model.sampleShapes.get(spec.name) ?? [],
    mark: `\u0000${index}\u0000`,
  }));
  const [only, ...others] = inputs;
  const byName = inputs.map(({ spec, mark }) => `${JSON.stringify(spec.name)}:${mark}`).join(",");
  const columns = only !== undefined && others.length === 0 ? only.mark : `{${byName}}`;
  const tensors = inputs.map(({ spec, shape, mark }) => {
    const data = shape.length === 0 ? `[${mark}]` : mark;
    return `{"name":${JSON.stringify(spec.name)},"datatype":"${spec.datatype}","shape":[${shape.join(",")}],"data":${data}}`;
  });
  const name = encodeURIComponent(model.name);
  return [
    example(
      "Open Inference Protocol (V2)",
      `${base}/v2/models/${name}/infer`,
      `{"inputs":[${tensors.join(",")}]}`,
      inputs,
    ),
    example("V1", `${base}/v1/models/${name}:predict`, `{"inputs":${columns}}`, inputs),
    example("Plain", `${base}/predict`, `{"input_data":${columns}}`, inputs),
  ];
}

function example(title: string, url: string, template: string, inputs: readonly Input[]): Example {
  const curl = "curl -sS -H 'content-type: application/json' --data-binary";
  if (inputs.every(({ shape }) => isWritten(shape))) {
    let body = template;
    for (const { spec, shape, mark } of inputs) body = body.replace(mark, () => zerosJson(spec.datatype, shape));
    return { title, command: `${curl} ${shellQuote(body)} ${shellQuote(url)}` };
  }
  const lines: string[] = [];
  let body = shellQuote(template);
  inputs.forEach(({ spec, shape, mark }, index) => {
    if (isWritten(shape)) {
      body = body.replace(mark, () => zerosJson(spec.datatype, shape));
      return;
    }
    body = body.replace(mark, () => `'"$t${index}"'`);
    // Only words of the shell itself touch the values: an argument of a program is at most 128 KiB on Linux. printf
    // repeats its format for each number that seq counts, and %.0s prints nothing of it.
    const step = `t${index}="[$(printf "$t${index},%.0s" $(seq $n))"; t${index}="\${t${index}%,}]"`;
    lines.push(
      `t${index}=${shellQuote(zero(spec.datatype))}; for n in ${shape.toReversed().join(" ")}; do ${step}; done`,
    );
  });
  return { title, command: [...lines, `printf %s ${body} | ${curl} @- ${shellQuote(url)}`].join("\n") };
}

function isWritten(shape: readonly number[]): boolean {
  return (elementCount(shape) ?? 0) <= writtenElements;
}

function zerosJson(datatype: Datatype, shape: readonly number[], depth = 0): string {
  if (depth === shape.length) return zero(datatype);
  return `[${Array.from({ length: shape[depth] ?? 0 }, () => zerosJson(datatype, shape, depth + 1)).join(",")}]`;
}

function zero(datatype: Datatype): string {
  if (datatype === "BYTES") return '""';
  return datatype === "BOOL" ? "false" : "0";
}

export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
