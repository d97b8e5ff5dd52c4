/**
 * Operators that take the scale of a quantisation from all values of a run (ONNX "DynamicQuantizeLinear", and what ONNX
 * Runtime makes of it): a row is rounded by the largest value of any other.
 */
const operators: ReadonlySet<string> = new Set([
  "ai.onnx DynamicQuantizeLinear",
  "com.microsoft DynamicQuantizeMatMul",
  "com.microsoft DynamicQuantizeLSTM",
]);

/** Whether what an operator gives for one row of a batch depends on the others, by what it is. */
export function mixesRows(domain: string, operator: string): boolean {
  return operators.has(`${domain} ${operator}`);
}
