/** Is an event of the sun's day, by Celery's name. */
export type SolarEvent =
  | 'dawn_astronomical'
  | 'dawn_nautical'
  | 'dawn_civil'
  | 'sunrise'
  | 'solar_noon'
  | 'sunset'
  | 'dusk_civil'
  | 'dusk_nautical'
  | 'dusk_astronomical';

/** Says when an event happens: as the sun passes a height, or its highest point. */
export type SolarEventRule =
  | { readonly passes: 'height'; readonly direction: 1 | -1; readonly degrees: number }
  | { readonly passes: 'horizon'; readonly direction: 1 | -1 }
  | { readonly passes: 'meridian' };

/** Is 34 arc minutes: how far refraction lifts the horizon (US Naval Observatory; PyEphem's `horizon = '-0:34'`). */
const REFRACTION = 34 / 60;
/** Is the sun's radius seen from the earth, in degrees; it varies by 2 %. */
const SUN_RADIUS = 16 / 60;

/**
 * Gives the rule of an event. Dawns and dusks are when the sun's centre stands 6, 12 or 18 degrees below the horizon;
 * rise and set are when its upper limb stands 34 arc minutes below, which is where refraction shows it.
 */
export const SOLAR_EVENTS: { readonly [Event in SolarEvent]: SolarEventRule } = {
  dawn_astronomical: { passes: 'height', direction: 1, degrees: -18 },
  dawn_nautical: { passes: 'height', direction: 1, degrees: -12 },
  dawn_civil: { passes: 'height', direction: 1, degrees: -6 },
  sunrise: { passes: 'horizon', direction: 1 },
  solar_noon: { passes: 'meridian' },
  sunset: { passes: 'horizon', direction: -1 },
  dusk_civil: { passes: 'height', direction: -1, degrees: -6 },
  dusk_nautical: { passes: 'height', direction: -1, degrees: -12 },
  dusk_astronomical: { passes: 'height', direction: -1, degrees: -18 },
};

/** Gives the height of the sun's centre at an event, in degrees, to a fraction of one; `null`: it has none. */
export function heightOf(rule: SolarEventRule): number | null {
  switch (rule.passes) {
    case 'height':
      return rule.degrees;
    case 'horizon':
      return -(REFRACTION + SUN_RADIUS);
    case 'meridian':
      return null;
  }
}
