/** What every question of a connection shows: whose it is when it is a jump host's, and how long there is to answer. */
import { Hourglass, Waypoints } from "lucide-react";
import { useEffect, useState } from "react";
import type { Prompt } from "../../../electron/core/journal/events.ts";
import { NodeText } from "../../ui/node-text.tsx";

/** `asked_at` is epoch ms. */
export function Asked({ prompt, asked_at }: { prompt: Prompt; asked_at: number }) {
  return (
    <>
      {prompt.on_the_way_to === undefined ? null : (
        <p className="with-icon muted">
          <Waypoints size={14} aria-hidden /> A jump host on the way to <NodeText text={prompt.on_the_way_to} mono />
        </p>
      )}
      {prompt.expires_s === undefined ? null : <Countdown ends_at={asked_at + prompt.expires_s * 1000} />}
    </>
  );
}

/** Read out once at the start and once at the end, not every second. */
function Countdown({ ends_at }: { ends_at: number }) {
  const [left, setLeft] = useState(() => secondsLeft(ends_at));
  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsLeft(ends_at)), 1000);
    return () => clearInterval(timer);
  }, [ends_at]);
  return (
    <p className={left > 15 ? "with-icon muted" : "with-icon severity-warning"}>
      <Hourglass size={14} aria-hidden />
      {left > 0 ? (
        <span role="timer">The server ends the login in {clock(left)}, as far as is known.</span>
      ) : (
        <span role="alert">The server may have ended the login by now.</span>
      )}
    </p>
  );
}

const secondsLeft = (ends_at: number) => Math.max(0, Math.ceil((ends_at - Date.now()) / 1000));

/** `1:05`, `0:09`. */
const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
