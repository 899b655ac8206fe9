/**
 * node scripts/kernels/boot.mjs NAME: starts a virtual machine of a kernel and says how to enter it; it is there until stdin
 * ends, Ctrl-C, or this process dies. `--list` says which kernels there are. What it is: docs/lab.md.
 */
import { KERNELS } from "./kernels.mjs";
import { bootKernel } from "./vm.mjs";

const [name] = process.argv.slice(2);
if (name === "--list") {
  for (const { name: kernel, suites } of KERNELS) console.log(`${kernel}\t${suites.join(" or ")}`);
  process.exit(0);
}
if (!KERNELS.some((kernel) => kernel.name === name)) {
  console.error(`usage: node scripts/kernels/boot.mjs ${KERNELS.map((kernel) => kernel.name).join("|")} | --list`);
  process.exit(2);
}

const abort = new AbortController();
const over = new Promise((resolve) => {
  const end = () => {
    abort.abort();
    resolve();
  };
  process.stdin.once("end", end).once("close", end).resume();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, end);
});

const started = Date.now();
try {
  const vm = await bootKernel(name, { signal: abort.signal });
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  const options = [`-i ${vm.identity_file}`, `-o UserKnownHostsFile=${vm.known_hosts}`, "-o IdentitiesOnly=yes"];
  console.log(
    [
      `kernel   ${vm.release} (${vm.suite}), up in ${seconds} s`,
      `target   ${vm.target}`,
      `identity ${vm.identity_file}`,
      `known    ${vm.known_hosts}`,
      `pid      ${vm.pid}`,
      `enter    ssh ${options.join(" ")} -p ${vm.port} root@127.0.0.1`,
      `copy     scp ${options.join(" ")} -P ${vm.port} FILE root@127.0.0.1:/root/`,
      "stop     end of stdin, Ctrl-C, or kill this process",
    ].join("\n"),
  );
  await Promise.race([over, vm.ended]);
  await vm.stop();
} catch (error) {
  if (!abort.signal.aborted) {
    console.error(`kernels: ${error.message}`);
    process.exitCode = 1;
  }
}
process.exit();
