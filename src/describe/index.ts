export { describeTrigger } from './describe-trigger.js';
