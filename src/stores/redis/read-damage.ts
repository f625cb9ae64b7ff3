import { StoreDamagedError } from '../../errors/store-errors.js';

/** Reads how scripts tell of a key of another type: the type that it should have, the one that it has, its name as JSON. */
export function readDamage(damage: string, options?: ErrorOptions): StoreDamagedError {
  const [expected = '', found = '', ...name] = damage.split(' ');
  return new StoreDamagedError(JSON.parse(name.join(' ')) as string, expected, found, options);
}
