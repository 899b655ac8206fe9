/**
 * `unit` needs nothing, `lab` needs Linux root, `ssh` needs that too, `kernels` starts virtual machines, `e2e` needs Chromium,
 * `e2e-node` that and this machine as a node. `ssh` and `e2e` touch no BPF, so that they can run beside the lab.
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["electron/**/*.test.ts", "renderer/**/*.test.ts", "test/unit/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          // One kernel, one lab: BPF ids are global.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "ssh",
          include: ["test/ssh/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "kernels",
          include: ["test/kernels/*.test.ts"],
          // A machine has two emulated processors and mostly uses one of them; every machine is a kernel of its own.
          maxWorkers: 2,
          // Emulated clocks stand still while the machine beside has the processor; what passed the second time is told as retried.
          retry: 1,
          testTimeout: 900_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: ["test/e2e/*-node.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "e2e-node",
          include: ["test/e2e/*-node.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
