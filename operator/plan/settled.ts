/**
 * What the API server makes of our own write is the wanted state. It leaves zero values out (`hostNetwork: false`), fills
 * in defaults where a field is taken away, and lets admission policies and webhooks rewrite what they like. A field that
 * the answer to our write has otherwise than we wrote it is *settled*: written down on the child, with what was wanted
 * and what came of it, and from then on neither a difference nor anybody's edit.
 *
 *   wanted    found in the child    in the note             is
 *   ------    ------------------    -------                 --
 *   W         W                     whatever                as it should be
 *   W         F                     W -> F                  settled: as the API server makes it
 *   W         F                     nothing, W -> G, X -> F different: written, and settled by the answer
 *
 * The note is in an annotation of the child, so that a restart forgets nothing, and a pass that ends before it is
 * written only finds it out again, by one more write that changes nothing.
 */
import type { Json, JsonObject } from "../api/json.ts";
import { isJsonObject, stringsAt } from "../api/json.ts";
import { childAnnotations } from "../api/names.ts";
import { differenceOf, type DifferenceOptions, type FieldDifference } from "./difference.ts";
import type { ForeignFields } from "./foreign-fields.ts";
import { hashOf } from "./revision.ts";

/** By the path of a field, what was wanted and what the API server made of it, hashed. */
export type Settled = Readonly<Record<string, string>>;

/** What a write is to bring about, for judging its answer. */
export interface Intent {
  readonly desired: JsonObject;
  readonly options: Omit<DifferenceOptions, "foreign" | "except">;
  /** The fields that it writes, with what they were before; undefined: all, as in a create. */
  readonly written: readonly FieldDifference[] | undefined;
}

/** What the answer to a write shows. */
export interface Aftermath {
  /** The note to write on the child; undefined when it is as it should be. */
  readonly note: string | undefined;
  /** Paths of fields that are after the write just what they were before: nobody had changed them. */
  readonly unchanged: readonly string[];
}

/** A pod template with some hundred labels that a policy rewrites, and far below what annotations may hold. */
const mostSettled = 256;
/** Long enough that two values of one field do not meet by chance. */
const hashLength = 12;

export function settledOf(object: JsonObject): Settled {
  const text = stringsAt(object, "metadata", "annotations")[childAnnotations.settled];
  if (text === undefined) return {};
  try {
    const note: unknown = JSON.parse(text);
    return isJsonObject(note) ? stringsAt(note) : {};
  } catch {
    return {}; // somebody edited it: found out again
  }
}

export function isSettled(field: FieldDifference, settled: Settled): boolean {
  return Object.hasOwn(settled, field.path) && settled[field.path] === entryOf(field);
}

export function afterWrite(
  { desired, options, written }: Intent,
  answer: { readonly object: JsonObject; readonly foreign?: ForeignFields },
): Aftermath {
  const remaining = differenceOf(desired, answer.object, { ...options, foreign: answer.foreign })?.fields ?? [];
  const before = settledOf(answer.object);
  const ofThisWrite = remaining.filter(({ path }) => written?.some((field) => isSameField(field.path, path)) ?? true);
  const kept = remaining.filter((field) => isSettled(field, before));
  const note = Object.fromEntries(
    [...kept, ...ofThisWrite].slice(0, mostSettled).map((field) => [field.path, entryOf(field)]),
  );
  const isNews = ofThisWrite.some((field) => !isSettled(field, before));
  return {
    note: isNews ? JSON.stringify(note) : undefined,
    unchanged: ofThisWrite
      .filter(({ path, found }) =>
        written?.some((field) => field.path === path && hashOf(field.found) === hashOf(found)),
      )
      .map(({ path }) => path),
  };
}

function entryOf({ wanted, found }: FieldDifference): string {
  return [wanted, found].map((value: Json | undefined) => hashOf(value).slice(0, hashLength)).join(" ");
}

/** A field may be written as a whole and come back with only a part of it otherwise. */
function isSameField(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}
