/** Is an argument of a script. */
export type ScriptArg = string | number;

/** Gives a value as scripts take it: an empty text stands for `null`. */
export function argOf(value: ScriptArg | null): ScriptArg {
  return value ?? '';
}

/** Gives a list as scripts take it: its length, then its items. */
export function listArgs(items: readonly ScriptArg[]): ScriptArg[] {
  return [items.length, ...items];
}

/** Gives a list of what takes two arguments each as scripts take it. */
export function pairArgs(pairs: readonly (readonly [string, string])[]): ScriptArg[] {
  return [pairs.length, ...pairs.flat()];
}
