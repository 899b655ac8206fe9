/** How much was seen, lost, left out, and what looking cost: always on screen, in words and never by colour alone. */
import { CircleCheck, TriangleAlert } from "lucide-react";
import { lazy, type ReactNode, Suspense, useMemo } from "react";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import { useDark } from "../../stores/theme.ts";
import { figuresOf, ratesOf, ratesText } from "../../stores/traces/rates.ts";
import { costText, isOverBudget, perRunText } from "../../stores/traces/text.ts";
import { countText } from "../../ui/format.ts";

const RateChart = lazy(() => import("../../chart/rate-chart.tsx"));

export function Figures({ trace }: { trace: TraceState }) {
  const figures = figuresOf(trace);
  const { cost } = figures;
  const perSecond = figures.per_second;
  return (
    <div className="figures">
      <dl className="figure-list">
        <Figure name="Events" title="Records told by the tracer.">
          {countText(figures.events)}
          {perSecond === null ? null : <span className="muted"> {countText(Math.round(perSecond))}/s</span>}
        </Figure>
        <Bad name="Lost" title="Happened, and could not be told: a buffer was full." count={figures.lost} />
        <Bad name="Evicted" title="Table entries that had to make room for newer ones." count={figures.evicted} />
        <Bad name="Thinned out" title="Not told, to stay within the budget." count={figures.thinned}>
          {figures.sample_every > 1 ? ` (1 of ${countText(figures.sample_every)} told)` : ""}
        </Bad>
        <Figure
          name="Own cost"
          title={cost ? (perRunText(cost) ?? "Its programs did not run yet.") : "This kernel does not say."}
          bad={isOverBudget(trace, cost)}
        >
          {cost ? costText(cost, trace.summary?.duration_ms ?? null) : "unknown"}
          <span className="muted"> (budget {trace.limits.budget_pct} %)</span>
        </Figure>
      </dl>
      <Chart trace={trace} />
    </div>
  );
}

function Chart({ trace }: { trace: TraceState }) {
  const dark = useDark();
  const { stats, schema } = trace;
  const rates = useMemo(() => ratesOf(stats, schema?.started_us ?? 0), [stats, schema]);
  if (rates.events.length < 2) return null;
  return (
    <figure className="rate-figure">
      <Suspense fallback={null}>
        <RateChart {...rates} label={ratesText(rates)} dark={dark} />
      </Suspense>
      <figcaption className="muted">
        <span className="key-area" aria-hidden /> events/s <span className="key-bar" aria-hidden /> lost/s
      </figcaption>
    </figure>
  );
}

function Bad(props: { name: string; title: string; count: number; children?: ReactNode }) {
  return (
    <Figure name={props.name} title={props.title} bad={props.count > 0}>
      {countText(props.count)}
      {props.children}
    </Figure>
  );
}

function Figure(props: { name: string; title: string; bad?: boolean; children: ReactNode }) {
  const { name, title, bad, children } = props;
  return (
    <div className={bad ? "figure figure-bad" : "figure"} title={title}>
      <dt>{name}</dt>
      <dd>
        {bad === undefined ? null : bad ? (
          <TriangleAlert size={13} aria-label="Warning:" role="img" />
        ) : (
          <CircleCheck size={13} aria-hidden />
        )}
        <span>{children}</span>
      </dd>
    </div>
  );
}
