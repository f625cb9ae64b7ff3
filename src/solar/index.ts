export { solar, solarCodec } from './solar-trigger.js';
export type { SolarOptions, SolarRecord, SolarTrigger } from './solar-trigger.js';
export type { SolarEvent } from './solar-event.js';
