import { isProblem, type Problem, problems } from "../errors.ts";
import { type Signature, type Tensor, type TensorSpec } from "../tensor.ts";
import { rowsJson } from "./elements.ts";
import { columnsJson, readColumn, readColumns } from "./columns.ts";
import { field, isObject, parseObject } from "./json.ts";
import { hasIntegers64, type InferenceRequest } from "./v2.ts";

export interface V1Request extends InferenceRequest {
  /** `instances` in, `predictions` out: a number of rows. `inputs` in, `outputs` out: undefined. */
  readonly rows: number | undefined;
}

const expected = 'a JSON object as {"instances": [one value per row]} or {"inputs": nested arrays by input}';

/**
 * Body of POST /v1/models/M:predict, as TensorFlow Serving's REST API has it and KServe took it over. `instances` is a
 * list of rows: the value of the only input, or an object from input name to value; rows are stacked along a new first
 * dimension. `inputs` holds whole tensors.
 */
export function decodeV1(body: Uint8Array, signature: Signature): V1Request | Problem {
  const request = parseObject(body, { exactIntegers: hasIntegers64(signature), expected });
  if (isProblem(request)) return request;
  const hasInstances = Object.hasOwn(request, "instances");
  if (hasInstances && Object.hasOwn(request, "inputs")) return problems.conflictingFields('"instances" and "inputs"');
  if (hasInstances) return readInstances(field(request, "instances"), signature);
  if (!Object.hasOwn(request, "inputs")) return problems.missingField("instances", expected);
  const inputs = readColumns(field(request, "inputs"), signature, "inputs");
  return isProblem(inputs) ? inputs : { rows: undefined, inputs, outputs: undefined };
}

/** Body of the answer; a problem when the outputs do not have one row for each instance. */
export function encodeV1(rows: number | undefined, outputs: readonly Tensor[]): string | Problem {
  if (rows === undefined) return `{"outputs":${columnsJson(outputs)}}`;
  for (const { name, shape } of outputs) {
    if (shape[0] !== rows) return problems.notByRow(name, shape, rows);
  }
  const [only, ...others] = outputs;
  if (only !== undefined && others.length === 0) return `{"predictions":[${rowsJson(only).join(",")}]}`;
  const columns = outputs.map((tensor) => ({ key: JSON.stringify(tensor.name), rows: rowsJson(tensor) }));
  const predictions = Array.from(
    { length: rows },
    (_, row) => `{${columns.map((column) => `${column.key}:${column.rows[row] ?? ""}`).join(",")}}`,
  );
  return `{"predictions":[${predictions.join(",")}]}`;
}

function readInstances(value: unknown, signature: Signature): V1Request | Problem {
  if (!Array.isArray(value)) return problems.wrongField("instances", value, "an array with one value per row");
  const instances = value as unknown[];
  if (instances.length === 0) return problems.wrongField("instances", value, "an array of at least one row");
  const [only, ...others] = signature.inputs;
  const isByName = others.length > 0 || isObject(instances[0]);
  const inputs: Tensor[] = [];
  for (const spec of signature.inputs) {
    const column = isByName ? pickColumn(instances, spec, signature.inputs) : instances;
    if (isProblem(column)) return column;
    const tensor = readColumn(
      column,
      spec,
      spec === only && !isByName ? "instances" : `instances[*][${JSON.stringify(spec.name)}]`,
    );
    if (isProblem(tensor)) return tensor;
    inputs.push(tensor);
  }
  return { rows: instances.length, inputs, outputs: undefined };
}

/** The values of one input from all rows. */
function pickColumn(
  instances: readonly unknown[],
  spec: TensorSpec,
  inputs: readonly TensorSpec[],
): readonly unknown[] | Problem {
  const names = inputs.map(({ name }) => name);
  const column: unknown[] = [];
  for (const [row, instance] of instances.entries()) {
    if (!isObject(instance)) {
      return problems.wrongField(
        `instances[${row}]`,
        instance,
        `an object with ${names.map((name) => JSON.stringify(name)).join(", ")}`,
      );
    }
    const unknown = Object.keys(instance).find((name) => !names.includes(name));
    if (unknown !== undefined) return problems.unknownInput(unknown, names);
    if (!Object.hasOwn(instance, spec.name)) return problems.missingInput(spec.name, names);
    column.push(instance[spec.name]);
  }
  return column;
}
