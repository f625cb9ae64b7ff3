import { createRequire } from 'node:module';
import { loadPeer } from '../internal/load-peer.js';

const require = createRequire(import.meta.url);

/** Is astronomy-engine's time, by the part of it that is used here. */
interface AstroTime {
  /** Is the instant. */
  readonly date: Date;
}

/** Is astronomy-engine's place on earth. */
export interface AstroObserver {
  /** Is the latitude in degrees, north positive. */
  readonly latitude: number;
}

/** Is astronomy-engine, by the part of it that is used here. */
export interface Astronomy {
  /** Makes a place on earth; the height is in metres. */
  readonly Observer: new (
    latitude: number,
    longitude: number,
    height: number,
  ) => AstroObserver;
  /** Finds when a body's centre passes a height, upwards (1) or downwards (-1). */
  SearchAltitude(
    body: 'Sun',
    observer: AstroObserver,
    direction: 1 | -1,
    start: Date,
    limitDays: number,
    degrees: number,
  ): AstroTime | null;
  /** Finds when a body's upper limb passes the horizon, 34 arc minutes below the level. */
  SearchRiseSet(
    body: 'Sun',
    observer: AstroObserver,
    direction: 1 | -1,
    start: Date,
    limitDays: number,
  ): AstroTime | null;
  /** Finds when a body next stands at an hour angle; 0 is the meridian. */
  SearchHourAngle(
    body: 'Sun',
    observer: AstroObserver,
    hourAngle: number,
    start: Date,
    direction: 1 | -1,
  ): { readonly time: AstroTime };
}

/**
 * Gives astronomy-engine.
 *
 * @throws `MissingPeerError` when it is not installed
 */
export function loadAstronomy(): Astronomy {
  return loadPeer('astronomy-engine', 'The solar trigger', () => require('astronomy-engine')) as Astronomy;
}
