import { defineTask, interval, Scheduler } from 'escapement';
import { ManualClock } from 'escapement/testing';

const greet = defineTask('greet', ({ data }: { data: { name: string } }) => `Hello ${data.name}`);

await using scheduler = new Scheduler({ timezone: 'UTC', tasks: [greet] });
await scheduler.addJob(greet, interval({ seconds: 5 }), { data: { name: 'world' } });
await scheduler.start();

export const clock: ManualClock = new ManualClock();
