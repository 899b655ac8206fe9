/** Two series over time on a canvas: the only door to uPlot. What it shows is told in words to those who do not see it. */
import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";

export interface RateChartProps {
  /** Epoch seconds, ascending. */
  time_s: readonly number[];
  /** Drawn as an area. */
  events: readonly number[];
  /** Drawn as bars, in another colour and form. */
  lost: readonly number[];
  /** The chart in words. */
  label: string;
  /** Colours are read anew when this changes. */
  dark: boolean;
}

const HEIGHT = 72;
const AXIS_FONT = "10px system-ui, sans-serif";

export default function RateChart({ time_s, events, lost, label, dark }: RateChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useRef<uPlot.AlignedData>([[], [], []]);
  // A bar of no height would still be a stroke.
  const bad = useMemo(() => lost.map((rate) => (rate > 0 ? rate : null)), [lost]);
  data.current = [[...time_s], [...events], bad];

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme is another set of colours
  useEffect(() => {
    const at = frame.current;
    if (!at) return;
    const chart = new uPlot(optionsFor(at), data.current, at);
    plot.current = chart;
    const resized = new ResizeObserver(() => chart.setSize({ width: at.clientWidth, height: HEIGHT }));
    resized.observe(at);
    return () => {
      resized.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [dark]);

  useEffect(() => {
    plot.current?.setData([[...time_s], [...events], bad]);
  }, [time_s, events, bad]);

  return <div ref={frame} className="rate-chart" role="img" aria-label={label} />;
}

function optionsFor(frame: HTMLElement): uPlot.Options {
  const colour = (name: string) => resolved(frame, `var(${name})`);
  const axis = {
    stroke: colour("--text-muted"),
    font: AXIS_FONT,
    grid: { stroke: colour("--border"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: frame.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 24, 0, 0],
    scales: { y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 16, gap: 2, space: 70, grid: { show: false }, values: (_chart, times) => times.map(clock) },
      { ...axis, size: 44, gap: 4, space: 22, values: (_chart, rates) => rates.map(short) },
    ],
    series: [
      {},
      { stroke: colour("--accent"), width: 1.5, fill: colour("--info-fill"), points: { show: false } },
      {
        stroke: colour("--critical"),
        width: 1,
        fill: colour("--critical"),
        paths: bars(),
        points: { show: false },
      },
    ],
  };
}

/** Time of day. */
function clock(time_s: number): string {
  const date = new Date(time_s * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `20k`: there is no room for more. */
function short(rate: number): string {
  if (rate >= 1e6) return `${rate / 1e6}M`;
  return rate >= 1e3 ? `${rate / 1e3}k` : String(Number(rate.toFixed(2)));
}

function bars(): uPlot.Series.PathBuilder {
  const build = uPlot.paths.bars;
  if (!build) throw new Error("uPlot comes without bars");
  return build({ size: [0.4, 8] });
}

/** A colour of the tokens as the canvas needs it; `light-dark()` is only resolved in a property that is a colour. */
function resolved(frame: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  frame.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
