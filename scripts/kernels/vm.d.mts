/** Types of vm.mjs, for tests. */

export interface KernelVm {
  /** Its name in kernels.mjs. */
  kernel: string;
  /** What `uname -r` says. */
  release: string;
  /** Of Debian, that it is from. */
  suite: string;
  /** `root@127.0.0.1:PORT` */
  target: string;
  port: number;
  identity_file: string;
  known_hosts: string;
  /** Of the emulator. */
  pid: number;
  /** Goes with the machine. */
  dir: string;
  /** Resolves when the machine is no more, whoever ended it. */
  ended: Promise<void>;
  /** Last lines of the machine's console. */
  console(lines: number): string;
  stop(): Promise<void>;
}

export class KernelUnreachable extends Error {}

export function bootKernel(name: string, options?: { limit_ms?: number; signal?: AbortSignal }): Promise<KernelVm>;
