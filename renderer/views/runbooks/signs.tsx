/** Signs of runs, steps and verdicts; the word for each stands beside it. */
import {
  Circle,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CirclePause,
  CircleSlash,
  CircleStop,
  CircleX,
  LoaderCircle,
  type LucideIcon,
  MessageCircleQuestion,
  SearchCheck,
  SkipForward,
  TrendingUp,
} from "lucide-react";
import { WORST_FIRST } from "../../../electron/core/runbook/batch.ts";
import type { VerdictWord } from "../../../electron/core/runbook/types.ts";
import type { RunWord, StepWord } from "../../stores/runbooks/run-state.ts";
import { VERDICT_WORDS } from "../../stores/runbooks/verdicts.ts";
import { countText } from "../../ui/format.ts";

interface Sign {
  icon: LucideIcon;
  className: string;
}

const RUN_SIGNS: Record<RunWord | "refused", Sign> = {
  running: { icon: LoaderCircle, className: "spin" },
  waiting: { icon: MessageCircleQuestion, className: "severity-warning" },
  paused: { icon: CirclePause, className: "severity-warning" },
  finished: { icon: CircleCheck, className: "muted" },
  stopped: { icon: CircleStop, className: "muted" },
  failed: { icon: CircleAlert, className: "severity-critical" },
  unfinished: { icon: CircleDashed, className: "muted" },
  refused: { icon: CircleX, className: "severity-critical" },
};

const STEP_SIGNS: Record<StepWord, Sign> = {
  running: { icon: LoaderCircle, className: "spin severity-info" },
  waiting: { icon: MessageCircleQuestion, className: "severity-warning" },
  done: { icon: CircleCheck, className: "severity-good" },
  skipped: { icon: SkipForward, className: "muted" },
  failed: { icon: CircleAlert, className: "severity-critical" },
  interrupted: { icon: CirclePause, className: "severity-warning" },
  "to-come": { icon: Circle, className: "muted" },
  "not-reached": { icon: CircleDashed, className: "muted" },
};

const VERDICT_SIGNS: Record<VerdictWord, LucideIcon> = {
  confirmed: SearchCheck,
  likely: TrendingUp,
  cannot_tell: CircleHelp,
  ruled_out: CircleSlash,
};

/** `refused`: it did not begin. */
export const RunIcon = ({ word }: { word: RunWord | "refused" }) => <StateIcon sign={RUN_SIGNS[word]} />;

export const StepIcon = ({ word }: { word: StepWord }) => <StateIcon sign={STEP_SIGNS[word]} />;

function StateIcon({ sign: { icon: Icon, className } }: { sign: Sign }) {
  return <Icon size={14} aria-hidden className={`state-icon ${className}`} />;
}

/** A verdict as sign, word and colour; with `count` it reads "3 confirmed". */
export function VerdictMark({ word, count }: { word: VerdictWord; count?: number }) {
  const Icon = VERDICT_SIGNS[word];
  return (
    <span className={`verdict-mark verdict-${word}`}>
      <Icon size={14} aria-hidden />
      <span>
        {count === undefined ? "" : `${countText(count)} `}
        {VERDICT_WORDS[word]}
      </span>
    </span>
  );
}

/** How many verdicts of each word there are, in the room of a cell; words that nothing has are left out. */
export function VerdictCounts({ counts }: { counts: Readonly<Record<VerdictWord, number>> }) {
  return (
    <span className="verdict-counts">
      {WORST_FIRST.filter((word) => counts[word] > 0).map((word) => {
        const Icon = VERDICT_SIGNS[word];
        const text = `${countText(counts[word])} ${VERDICT_WORDS[word]}`;
        return (
          <span key={word} className={`verdict-count verdict-count-${word}`} title={text}>
            <Icon size={12} aria-hidden />
            {countText(counts[word])}
            <span className="visually-hidden"> {VERDICT_WORDS[word]}</span>
          </span>
        );
      })}
    </span>
  );
}
