/**
 * Results on stdout: written to the last byte before the process ends, and quiet when the reader has
 * had enough (`| head`).
 */

let left = false;

/** Resolves when the reader has taken everything, or has gone. */
export function print(bytes: string | Uint8Array): Promise<void> {
  return new Promise((settle, reject) => {
    process.stdout.write(bytes, (error) => {
      left ||= error !== null && error !== undefined;
      if (error && !isGone(error)) reject(error);
      else settle();
    });
  });
}

/** Whether the reader of stdout has gone, as far as writing to it has shown: what goes on for ever may end. */
export const readerLeft = () => left;

/** A reader that left is no error of ours: from now on, what nobody reads is dropped without a word. */
export function allowReadersToLeave(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error) => {
      if (!isGone(error)) throw error;
    });
}

const isGone = (error: Error) => "code" in error && error.code === "EPIPE";
