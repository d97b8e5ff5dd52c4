/**
 * Writes the tables of docs/reference/onnx.md from a run of every case. The test fails when they say something else.
 */
import { readFile, writeFile } from "node:fs/promises";
import { withBlock } from "../../../../scripts/values-reference.ts";
import { listCases } from "./onnx-cases.ts";
import { surveyCases } from "./survey-cases.ts";
import { surveyTables } from "./survey-tables.ts";

const page = new URL("../../../../docs/reference/onnx.md", import.meta.url);
process.env["ORT_DISABLE_TELEMETRY"] = "1";
const tables = surveyTables(await surveyCases(await listCases()));
await writeFile(page, withBlock(await readFile(page, "utf8"), "cases", tables));
process.stdout.write(`${tables}\n`);
