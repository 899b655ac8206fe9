// SPDX-License-Identifier: GPL-2.0
/*
 * The lab node's frame: namespaces, mounts and process 1.
 *
 *   lab-node CGROUP_DIR FILES_DIR HOSTNAME
 *
 * The started process stays outside as the "wire": it keeps the network namespace of the node's
 * neighbour, where a child answers on port 8080, and ends when process 1 does. Process 1 (comm "systemd") lives in its own pid, mount, network,
 * UTS, IPC and cgroup namespaces, with CGROUP_DIR as the root of cgroup2. Killing either takes down
 * everything inside, which is what makes leaving nothing behind simple. FILES_DIR/bin appears as
 * /run/lab/bin, FILES_DIR/os-release and hosts below /etc. Prints "pid1 PID", "wire PID" and,
 * when all is mounted, "ready".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "lab-node: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static void must_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
	if (mount(source, target, type, flags, data))
		die(target);
}

static void must_mkdir(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		die(path);
}

/* The mounts of a node with unified cgroups. The machine's own /proc and /sys are taken away first. */
static void mount_all(const char *files)
{
	char bin[512], os_release[512], hosts[512];
	int old;

	snprintf(bin, sizeof(bin), "%s/bin", files);
	snprintf(os_release, sizeof(os_release), "%s/os-release", files);
	snprintf(hosts, sizeof(hosts), "%s/hosts", files);
	must_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	umount2("/proc", MNT_DETACH);
	must_mount("proc", "/proc", "proc", 0, NULL);
	umount2("/sys", MNT_DETACH);
	umount2("/run/netns", MNT_DETACH);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	must_mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700");
	/* Optional: not every kernel has them. */
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	must_mount(os_release, "/etc/os-release", NULL, MS_BIND, NULL);
	must_mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL);
	old = open(bin, O_PATH);
	if (old < 0)
		die(bin);
	must_mount("tmpfs", "/run", "tmpfs", 0, "mode=0755");
	must_mount("tmpfs", "/var/log", "tmpfs", 0, "mode=0755");
	must_mkdir("/var/log/pods");
	must_mkdir("/run/lab");
	must_mkdir("/run/lab/bin");
	must_mkdir("/run/netns");
	snprintf(bin, sizeof(bin), "/proc/self/fd/%d", old);
	must_mount(bin, "/run/lab/bin", NULL, MS_BIND, NULL);
	close(old);
}

/* What systemd does for a unit with DeviceAllow=: a program that allows everything, named sd_devices. */
static void attach_sd_devices(const char *cgroup)
{
	struct bpf_insn allow_all[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int prog, dir = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)allow_all;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)"LGPL-2.1-or-later";
	strcpy(attr.prog_name, "sd_devices");
	prog = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog < 0)
		die("load sd_devices");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = dir;
	attr.attach_bpf_fd = prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (dir < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)))
		die(cgroup);
	close(dir);
}

/* Process 1 proper: holds the systemd programs and buries the dead. */
_Noreturn static void be_init(void)
{
	static const char *const units[] = { "systemd-udevd", "systemd-logind", "systemd-timesyncd" };
	sigset_t child_signal;
	char path[256];

	prctl(PR_SET_NAME, "systemd");
	must_mkdir("/sys/fs/cgroup/init.scope");
	put_text("/sys/fs/cgroup/init.scope/cgroup.procs", "0");
	must_mkdir("/sys/fs/cgroup/system.slice");
	for (unsigned i = 0; i < sizeof(units) / sizeof(*units); i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/system.slice/%s.service", units[i]);
		must_mkdir(path);
		attach_sd_devices(path);
	}
	printf("ready\n");
	fflush(stdout);
	freopen("/dev/null", "r", stdin);
	freopen("/dev/null", "w", stdout);
	freopen("/dev/null", "w", stderr);
	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, NULL);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sigwaitinfo(&child_signal, NULL);
	}
}

/* The neighbour's server; it dies with the wire. */
static pid_t serve_wire(const char *files)
{
	char exe[512];
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(exe, sizeof(exe), "%s/bin/lab-pod", files);
	execl(exe, "lab-pod", "serve", NULL);
	_exit(1);
}

static int enter_node(char **argv, int go)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &byte, 1) != 1 || unshare(CLONE_NEWCGROUP))
		die("cgroup namespace");
	close(go);
	if (sethostname(argv[3], strlen(argv[3])))
		die("hostname");
	mount_all(argv[2]);
	execl("/run/lab/bin/systemd", "/run/lab/bin/systemd", "--init", NULL);
	die("exec");
	return 1;
}

int main(int argc, char **argv)
{
	char procs[512], text[32];
	int go[2];
	pid_t init;

	if (argc == 2 && !strcmp(argv[1], "--init"))
		be_init();
	if (argc != 4) {
		fprintf(stderr, "usage: lab-node CGROUP_DIR FILES_DIR HOSTNAME\n");
		return 2;
	}
	if (pipe(go) || unshare(CLONE_NEWNET))
		die("wire namespace");
	init = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD, 0,
		       0, 0, 0);
	if (init < 0)
		die("clone");
	if (init == 0) {
		close(go[1]);
		return enter_node(argv, go[0]);
	}
	close(go[0]);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", argv[1]);
	snprintf(text, sizeof(text), "%d", init);
	put_text(procs, text);
	printf("pid1 %d\nwire %d\n", init, serve_wire(argv[2]));
	fflush(stdout);
	if (write(go[1], "", 1) != 1)
		die("go");
	freopen("/dev/null", "r", stdin);
	freopen("/dev/null", "w", stdout);
	waitpid(init, NULL, 0);
	return 0;
}
