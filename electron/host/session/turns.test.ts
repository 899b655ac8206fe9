import { expect, it } from "vitest";
import { createTurns, type Turn } from "./turns.ts";

const never = new AbortController().signal;
/** Which of them have had their turn so far. */
function watch(turns: readonly Turn[], signals: readonly AbortSignal[] = []) {
  const outcome: string[] = turns.map(() => "waits");
  for (const [index, turn] of turns.entries()) {
    turn.take(signals[index] ?? never).then(
      () => {
        outcome[index] = "works";
      },
      () => {
        outcome[index] = "left";
      },
    );
  }
  return async () => {
    await new Promise(setImmediate);
    return outcome.join(" ");
  };
}
const several = (limit: number, count: number) => {
  const newTurn = createTurns(limit);
  return Array.from({ length: count }, newTurn);
};

it("come in the order they were asked for, as many at once as allowed", async () => {
  const turns = several(2, 4);
  const state = watch(turns);
  expect(await state()).toBe("works works waits waits");
  turns[1]?.release();
  turns[1]?.release();
  expect(await state()).toBe("works works works waits");
  turns[0]?.release();
  expect(await state()).toBe("works works works works");
});

it("are lent to others while a person is waited for, and taken up again at once", async () => {
  const turns = several(1, 3);
  const state = watch(turns);
  turns[0]?.pause();
  expect(await state()).toBe("works works waits");
  turns[0]?.resume();
  turns[1]?.release();
  // The first works again: one at a time.
  expect(await state()).toBe("works works waits");
  turns[0]?.release();
  expect(await state()).toBe("works works works");
});

it("are waited for again by one that can, before those that have not begun", async () => {
  const turns = several(1, 3);
  const state = watch(turns);
  turns[0]?.pause();
  expect(await state()).toBe("works works waits");
  let again = false;
  const waited = turns[0]?.again(never).then(() => {
    again = true;
  });
  turns[0]?.resume();
  expect([await state(), again]).toEqual(["works works waits", false]);
  turns[1]?.release();
  await waited;
  expect(await state()).toBe("works works waits");
  turns[0]?.release();
  expect(await state()).toBe("works works works");
  await turns[0]?.again(never);
});

it("are not kept by one that leaves while it waits, or before", async () => {
  const turns = several(1, 4);
  const leaves = new AbortController();
  const state = watch(turns, [never, leaves.signal, AbortSignal.abort()]);
  leaves.abort();
  expect(await state()).toBe("works left left waits");
  turns[1]?.release();
  expect(await state()).toBe("works left left waits");
  turns[0]?.release();
  expect(await state()).toBe("works left left works");
});

it("are not needed again once given back: a connection made anew goes on at once", async () => {
  const [first, second] = several(1, 2) as [Turn, Turn];
  await first.take(never);
  first.release();
  await second.take(never);
  await first.take(never);
  first.pause();
  first.resume();
  first.release();
  second.release();
});
