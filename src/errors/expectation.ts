const MAX_SHOWN = 80;

/** Says that a value was not what it should be, in the one form that all input errors share. */
export function expectation(field: string, expected: string, received: unknown): string {
  return `Expected \`${field}\` to be ${expected}, got ${describeValue(received)}.`;
}

/** Shows a value of any type, short and safe, with its type. */
function describeValue(value: unknown): string {
  if (value === undefined) return '`undefined`';
  if (value === null) return '`null`';
  try {
    return `\`${shorten(render(value))}\` (${typeName(value)})`;
  } catch {
    // A proxy or a getter that throws: what it is cannot be told, but that it is wrong can.
    return `a value that cannot be shown (${typeof value})`;
  }
}

function render(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return value.name === '' ? 'function' : `function ${value.name}`;
  try {
    if (typeof value !== 'object') return (value as number | bigint | symbol | boolean).toString();
    if (value instanceof Date && Number.isNaN(value.getTime())) return 'Invalid Date';
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object' || value === null) return typeof value;
  const constructor: unknown = value.constructor;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' || name === 'Object' ? 'object' : name;
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
