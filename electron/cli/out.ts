/**
 * Results on stdout: written to the last byte before the process ends, and quiet when the reader has
 * had enough (`| head`).
 */

/** Resolves when the reader has taken everything, or has gone. */
export function print(bytes: string | Uint8Array): Promise<void> {
  return new Promise((settle, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error && !isGone(error)) reject(error);
      else settle();
    });
  });
}

/** A reader that left is no error of ours: from now on, what nobody reads is dropped without a word. */
export function allowReadersToLeave(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error) => {
      if (!isGone(error)) throw error;
    });
}

const isGone = (error: Error) => "code" in error && error.code === "EPIPE";
