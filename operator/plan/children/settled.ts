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
 *   W         W                     W -> F                  no news any more: taken out of the note
 *
 * A note that somebody else wrote counts for nothing, or whoever edits a child could hide it; the API server keeps who
 * wrote it (`notedByOthers`).
 *
 * The note is in an annotation of the child, so that a restart forgets nothing, and a pass that ends before it is
 * written only finds it out again, by one more write that changes nothing.
 */
import type { Json, JsonObject } from "../../api/json.ts";
import { isJsonObject, stringsAt } from "../../api/json.ts";
import { childAnnotations } from "../../api/names.ts";
import { differenceOf, type DifferenceOptions, type FieldDifference } from "./difference.ts";
import type { ForeignFields } from "./foreign-fields.ts";
import { hashOf } from "../revision/revision.ts";

/** By the path of a field, what was wanted and what the API server made of it, hashed. */
export type Settled = Readonly<Record<string, string>>;

/** A child as far as its note goes. */
export interface Noted {
  readonly object: JsonObject;
  /** The note is of somebody else's hand. */
  readonly notedByOthers?: boolean;
}

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

/** More fields than a pod template has that anybody writes by hand, and below what annotations may hold (256 KiB). */
const mostSettled = 1_000;
/** Long enough that two values of one field do not meet by chance. */
const hashLength = 12;

export function settledOf({ object, notedByOthers }: Noted): Settled {
  const text = noteOf(object);
  if (text === undefined || notedByOthers === true) return {};
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

/** The note without what is settled no more; undefined when all of it is. Null takes it away. */
export function withoutNews(settled: Settled, fields: readonly FieldDifference[]): string | null | undefined {
  const entries = Object.entries(settled);
  const left = entries.filter(([path]) => fields.some((field) => field.path === path));
  if (left.length === entries.length) return undefined;
  return left.length === 0 ? null : JSON.stringify(Object.fromEntries(left));
}

export function afterWrite(
  { desired, options, written }: Intent,
  answer: Noted & { readonly foreign?: ForeignFields },
): Aftermath {
  const remaining = differenceOf(desired, answer.object, { ...options, foreign: answer.foreign })?.fields ?? [];
  const before = settledOf(answer);
  const ofThisWrite = remaining.filter(({ path }) => written?.some((field) => isSameField(field.path, path)) ?? true);
  const kept = remaining.filter((field) => isSettled(field, before));
  const note = Object.fromEntries(
    [...kept, ...ofThisWrite].slice(0, mostSettled).map((field) => [field.path, entryOf(field)]),
  );
  const isNews = ofThisWrite.some((field) => !isSettled(field, before));
  return {
    note: isNews ? unlike(JSON.stringify(note), noteOf(answer.object)) : undefined,
    unchanged: ofThisWrite
      .filter(({ path, found }) =>
        written?.some((field) => field.path === path && hashOf(field.found) === hashOf(found)),
      )
      .map(({ path }) => path),
  };
}

function noteOf(object: JsonObject): string | undefined {
  return stringsAt(object, "metadata", "annotations")[childAnnotations.settled];
}

/** Somebody else's note of the same words would stay theirs: only a change makes it ours. */
function unlike(note: string, other: string | undefined): string {
  return note === other ? `${note} ` : note;
}

function entryOf({ wanted, found }: FieldDifference): string {
  return [wanted, found].map((value: Json | undefined) => hashOf(value).slice(0, hashLength)).join(" ");
}

/** A field may be written as a whole and come back with only a part of it otherwise. */
function isSameField(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}
