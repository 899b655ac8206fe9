// SPDX-License-Identifier: Apache-2.0
/*
 * Finds out what this kernel offers. Each answer comes from loading, and for the kinds that a kernel may take and
 * then not attach, from attaching a program that does nothing for a moment.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel_features.h"
#include "probe.skel.h"

struct answer {
	bool known;
	bool available;
	char why[160];
};

static struct answer answers[FEATURE_COUNT];

static const char *const names[FEATURE_COUNT] = {
#define X(name) [FEATURE_##name] = #name,
	FEATURES(X)
#undef X
};

const char *feature_name(enum feature feature)
{
	return names[feature];
}

static void no(struct answer *answer, const char *what, int error)
{
	answer->available = false;
	snprintf(answer->why, sizeof(answer->why), "%s: %s", what, strerror(error < 0 ? -error : error));
}

/* An object in which only the named programs are loaded, and the ring only when asked for. */
static struct probe_bpf *open_with(const char *first, const char *second, bool ring)
{
	struct probe_bpf *probe = probe_bpf__open();
	struct bpf_program *program;

	if (!probe)
		return NULL;
	bpf_object__for_each_program(program, probe->obj) {
		const char *name = bpf_program__name(program);
		bool wanted = (first && !strcmp(name, first)) || (second && !strcmp(name, second));

		bpf_program__set_autoload(program, wanted);
	}
	bpf_map__set_autocreate(probe->maps.ring, ring);
	return probe;
}

static void try_ring(struct answer *answer)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bpfdesk_probe", 0, 0, 4096, NULL);

	if (fd < 0) {
		no(answer, "this kernel has no BPF ring buffer", errno);
		return;
	}
	close(fd);
	answer->available = true;
}

static void try_program(struct answer *answer, const char *name, bool attach)
{
	struct probe_bpf *probe = open_with(name, NULL, false);
	struct bpf_program *program;
	struct bpf_link *link;
	int error;

	if (!probe) {
		no(answer, "the probe could not be opened", errno);
		return;
	}
	error = probe_bpf__load(probe);
	if (error) {
		no(answer, "the kernel does not load such a program", error);
		goto out;
	}
	answer->available = true;
	if (!attach)
		goto out;
	program = bpf_object__find_program_by_name(probe->obj, name);
	link = bpf_program__attach(program);
	if (!link) {
		no(answer, "the kernel loads such a program and does not attach it", errno);
		goto out;
	}
	bpf_link__destroy(link);
out:
	probe_bpf__destroy(probe);
}

/* fexit on a BPF program: both are loaded here, one is attached to the other. */
static void try_fexit_prog(struct answer *answer)
{
	struct probe_bpf *target = open_with("probe_target", NULL, false);
	struct probe_bpf *probe = open_with("probe_fexit_prog", NULL, false);
	struct bpf_link *link;
	int error;

	if (!target || !probe || probe_bpf__load(target)) {
		no(answer, "the probe could not be loaded", errno);
		goto out;
	}
	error = bpf_program__set_attach_target(probe->progs.probe_fexit_prog,
					       bpf_program__fd(target->progs.probe_target), "probe_target");
	if (!error)
		error = probe_bpf__load(probe);
	if (error) {
		no(answer, "the kernel does not load a program that traces another", error);
		goto out;
	}
	link = bpf_program__attach(probe->progs.probe_fexit_prog);
	if (!link) {
		no(answer, "the kernel does not attach a program to another's end", errno);
		goto out;
	}
	bpf_link__destroy(link);
	answer->available = true;
out:
	probe_bpf__destroy(probe);
	probe_bpf__destroy(target);
}

static void try_btf(struct answer *answer)
{
	struct stat found;

	if (stat("/sys/kernel/btf/vmlinux", &found) == 0) {
		answer->available = true;
		return;
	}
	no(answer, "/sys/kernel/btf/vmlinux cannot be read (a kernel built without CONFIG_DEBUG_INFO_BTF)", errno);
}

static void try_stats(struct answer *answer)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd < 0) {
		no(answer, "run statistics cannot be switched on", errno);
		return;
	}
	close(fd);
	answer->available = true;
}

bool feature_available(enum feature feature, const char **why)
{
	struct answer *answer = &answers[feature];

	if (!answer->known) {
		switch (feature) {
		case FEATURE_btf:
			try_btf(answer);
			break;
		case FEATURE_ringbuf:
			try_ring(answer);
			break;
		case FEATURE_fexit_prog:
			try_fexit_prog(answer);
			break;
		case FEATURE_fentry:
			try_program(answer, "probe_fentry", true);
			break;
		case FEATURE_kprobe:
			try_program(answer, "probe_kprobe", true);
			break;
		case FEATURE_tp_btf:
			try_program(answer, "probe_tp_btf", true);
			break;
		case FEATURE_raw_tp:
			try_program(answer, "probe_raw_tp", true);
			break;
		case FEATURE_cgroup_skb:
			try_program(answer, "probe_cgroup_skb", false);
			break;
		case FEATURE_cgroup_sock:
			try_program(answer, "probe_cgroup_sock", false);
			break;
		case FEATURE_iter_task_file:
			try_program(answer, "probe_iter_task_file", true);
			break;
		case FEATURE_iter_tcp:
			try_program(answer, "probe_iter_tcp", true);
			break;
		case FEATURE_bpf_stats:
			try_stats(answer);
			break;
		case FEATURE_COUNT:
			break;
		}
		answer->known = true;
	}
	if (why)
		*why = answer->available ? "" : answer->why;
	return answer->available;
}

enum feature first_missing(uint32_t needs, const char **why)
{
	for (enum feature feature = 0; feature < FEATURE_COUNT; feature++)
		if ((needs & 1u << feature) && !feature_available(feature, why))
			return feature;
	return FEATURE_COUNT;
}
