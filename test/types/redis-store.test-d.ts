import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { expectTypeOf, it } from 'vitest';
import type { RedisLike } from 'escapement/stores/redis';

it('takes clients and clusters of every version of ioredis it knows', () => {
  expectTypeOf<Redis>().toExtend<RedisLike>();
  expectTypeOf<Cluster>().toExtend<RedisLike>();
  expectTypeOf<Redis5>().toExtend<RedisLike>();
  expectTypeOf<Cluster5>().toExtend<RedisLike>();
  const clients: RedisLike[] = [
    new Redis({ lazyConnect: true }),
    new Redis({ lazyConnect: true, protocol: 3, replyMapping: 'resp3' }),
    new Redis5({ lazyConnect: true }),
    new Cluster([], { lazyConnect: true }),
    new Cluster5([], { lazyConnect: true }),
  ];
  expectTypeOf(clients).toEqualTypeOf<RedisLike[]>();
});

it('does not take what is not a client of ioredis', () => {
  expectTypeOf<{ host: string }>().not.toExtend<RedisLike>();
  expectTypeOf<string>().not.toExtend<RedisLike>();
});
