/** Nothing that is waited for on an emulated machine may be waited for endlessly: whoever waits says what did not come. */

/** Rejects with `what` was not there in time; the promise itself goes on. */
export async function within<T>(limit_ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not in ${limit_ms / 1000} s`)), limit_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws all that is wrong, in its own words; nothing when nothing is. */
export function mustBeRight(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}
