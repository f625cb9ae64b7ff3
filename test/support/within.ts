/** Waits for a promise, but not for ever. */
export async function within<T>(promise: Promise<T>, what = 'the promise', limitMs = 5000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${limitMs} ms for ${what}`));
    }, limitMs);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** Gives what a promise is rejected with; fails if it is fulfilled. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await within(promise);
  } catch (error) {
    return error;
  }
  throw new Error('The promise was fulfilled');
}
