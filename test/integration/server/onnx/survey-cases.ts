import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differenceOf } from "./difference.ts";
import { type Form, forms } from "./forms.ts";
import type { OnnxCase } from "./onnx-cases.ts";
import { type Alone, runAlone } from "./run-alone.ts";
import { answerInProcess, openModel } from "./run-in-process.ts";

/** What became of one case. */
export interface Surveyed {
  readonly onnxCase: OnnxCase;
  readonly alone: Alone;
  /** By each form that has a place for all its datatypes, when ONNX Runtime alone passes. */
  readonly answers: ReadonlyMap<Form["name"], Answer>;
}

/** "same": the bits that ONNX Runtime alone gave. Else what differs. */
export type Answer = "same" | { readonly difference: string };

/** Runs every case by ONNX Runtime alone, and through the server's codecs and session in every form. */
export async function surveyCases(cases: readonly OnnxCase[]): Promise<Surveyed[]> {
  const locales = await imageLocales();
  const before = process.env["LOCPATH"];
  process.env["LOCPATH"] = locales;
  try {
    const surveyed: Surveyed[] = [];
    for (const one of cases) surveyed.push(await surveyCase(one));
    return surveyed;
  } finally {
    if (before === undefined) delete process.env["LOCPATH"];
    else process.env["LOCPATH"] = before;
    await rm(locales, { recursive: true });
  }
}

async function surveyCase(onnxCase: OnnxCase): Promise<Surveyed> {
  // Opened first: it is what makes onnxruntime-node take half floats.
  const session = openModel(onnxCase.modelPath);
  const alone = await runAlone(onnxCase);
  const answers = new Map<Form["name"], Answer>();
  if (alone.kind === "failed") return { onnxCase, alone, answers };
  const carried = forms.filter(({ carries }) =>
    [...alone.inputs, ...alone.outputs].every(({ datatype }) => carries(datatype)),
  );
  for (const form of carried) {
    const answer = typeof session === "string" ? session : answerInProcess(session, form, form.write(alone.inputs));
    const difference =
      typeof answer === "string" ? answer : differenceOf(alone.outputs, form.read(answer), form.name === "JSON");
    answers.set(form.name, difference === undefined ? "same" : { difference });
  }
  return { onnxCase, alone, answers };
}

/** A folder for LOCPATH with the locale that the server's image has, whatever this machine has (see locale.test.ts). */
async function imageLocales(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-locales-"));
  await symlink("/usr/lib/locale/C.utf8", join(directory, "en_US.utf8"));
  return directory;
}
