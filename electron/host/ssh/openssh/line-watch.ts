/**
 * Notices that the line of an ssh is gone while that ssh waits for an answer and hears of nothing. On Linux
 * from /proc; elsewhere it shows once the question is answered.
 */
import * as fs from "node:fs/promises";

const EVERY_MS = 500;
/** tcp_states.h: TCP_ESTABLISHED. */
const ESTABLISHED = "01";

/**
 * Calls back once when the process has no TCP connection any more. `direct`: it has one of its own, and none
 * behind a ProxyCommand. Returns what stops watching.
 */
export function watchLine(pid: number, direct: boolean, onGone: () => void): () => void {
  if (process.platform !== "linux") return () => {};
  let seen = direct;
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;
  const look = async () => {
    const stands = await hasConnection(pid);
    if (stopped) return;
    if (seen && stands === false) onGone();
    else timer = setTimeout(look, EVERY_MS);
    seen ||= stands === true;
  };
  void look();
  return () => {
    stopped = true;
    if (timer !== null) clearTimeout(timer);
  };
}

/** Null when it cannot be told. */
async function hasConnection(pid: number): Promise<boolean | null> {
  try {
    const fds = await fs.readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(fds.map((fd) => fs.readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
    const own = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
    const tables = await Promise.all(
      ["tcp", "tcp6"].map((name) => fs.readFile(`/proc/${pid}/net/${name}`, "utf8").catch(() => "")),
    );
    // sl local rem st tx:rx tr:when retrnsmt uid timeout inode
    const rows = tables.flatMap((table) => table.split("\n").slice(1)).map((row) => row.trim().split(/\s+/));
    return rows.some((row) => row[3] === ESTABLISHED && own.has(row[9] ?? ""));
  } catch {
    return null; // it has ended, which is told otherwise
  }
}
