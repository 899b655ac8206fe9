/**
 * The only door to xterm: shows recorded output of a command. Control characters are made visible
 * before the terminal sees them, so output cannot move, colour, hide or copy anything.
 */
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef } from "react";
import { visibleText } from "../../electron/core/text/visible.ts";
import { useDark } from "../stores/theme.ts";

interface OutputViewProps {
  text: string;
  label: string;
}

/** A theme is read once by the terminal, so another theme is another terminal. */
export default function OutputView(props: OutputViewProps) {
  return <Screen key={useDark() ? "dark" : "light"} {...props} />;
}

function Screen({ text, label }: OutputViewProps) {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const terminal = new Terminal({
      disableStdin: true,
      convertEol: true,
      scrollback: 200_000,
      fontSize: 12,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono"),
      screenReaderMode: true,
      cursorStyle: "underline",
      cursorInactiveStyle: "none",
      theme: themeOf(element),
    });
    terminal.open(element);
    terminal.textarea?.setAttribute("aria-label", label);
    // Tab leaves the terminal: it takes no input.
    terminal.attachCustomKeyEventHandler((event) => event.key !== "Tab");
    const resize = () => {
      const size = measure(element, terminal);
      if (size) terminal.resize(Math.max(20, size.columns), Math.max(4, size.rows));
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    resize();
    terminal.write(visibleText(text, true), () => terminal.scrollToTop());
    return () => {
      observer.disconnect();
      terminal.dispose();
    };
  }, [text, label]);
  return <div ref={holder} className="output-view" />;
}

/** Colours of the page, resolved: xterm takes no custom properties. */
function themeOf(element: HTMLElement) {
  const style = getComputedStyle(element);
  return { background: style.backgroundColor, foreground: style.color, cursor: style.backgroundColor };
}

/** How many cells fit, from the size xterm gave the ones it has; null while it is not on screen. */
function measure(element: HTMLElement, terminal: Terminal): { columns: number; rows: number } | null {
  const screen = element.querySelector<HTMLElement>(".xterm-screen");
  if (!screen || screen.offsetHeight === 0) return null;
  const scrollbar = 16;
  return {
    columns: Math.floor(((element.clientWidth - scrollbar) * terminal.cols) / screen.offsetWidth),
    rows: Math.floor((element.clientHeight * terminal.rows) / screen.offsetHeight),
  };
}
