// SPDX-License-Identifier: Apache-2.0
/* See owners.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "owners.h"

#define SECOND_NS UINT64_C(1000000000)
/* A scan is followed by a pause so many times as long as it took. */
#define PAUSE_FACTOR 100
/* A tick a second is never late by so much, and may be early by some of it. */
#define EARLY_NS (SECOND_NS / 4)

static void load(struct bpf_object *object, const char *name, bool wanted)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (program)
		bpf_program__set_autoload(program, wanted);
}

void owners_choose(struct run *run, struct bpf_object *object)
{
	const char *why_fexit = "", *why_kprobe = "";
	bool fexit = feature_available(FEATURE_fentry, &why_fexit);
	struct bpf_program *scan = bpf_object__find_program_by_name(object, "owner_scan");
	bool kprobe = !fexit && feature_available(FEATURE_kprobe, &why_kprobe);

	/* Attached by owners_start(), which needs its link. */
	if (scan)
		bpf_program__set_autoattach(scan, false);
	load(object, "owner_accept_fexit", fexit);
	load(object, "owner_accept_kretprobe", kprobe);
	load(object, "owner_receive", false);
	if (!fexit && !kprobe)
		run_without(run, "owner at accept",
			    "who accepted a connection is known a second later, or when it is closed: %s", why_kprobe);
}

int owners_start(struct owners *owners, struct run *run, struct bpf_object *object)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "owner_scan");

	owners->object = object;
	owners->map_fd = bpf_object__find_map_fd_by_name(object, "owners");
	owners->scans_fd = bpf_object__find_map_fd_by_name(object, "owner_scans");
	if (!program || owners->map_fd < 0 || owners->scans_fd < 0)
		return run_fail(run, "no-scan", "", "The program has no scan of open files");
	owners->scan_link = bpf_program__attach_iter(program, NULL);
	if (!owners->scan_link)
		return run_fail(run, "no-scan", "", "Open files cannot be looked through: %s", strerror(errno));
	if (!owners_scan(owners, true))
		return run_fail(run, "no-scan", "", "Open files could not be looked through: %s", strerror(errno));
	return 0;
}

/* The program runs while its output, of which there is none, is read. */
static bool read_through(int link_fd)
{
	int fd = bpf_iter_create(link_fd);
	char bytes[64];
	ssize_t got;

	if (fd < 0)
		return false;
	do
		/* EAGAIN: a million files were seen in one call (bpf_seq_read, MAX_ITER_OBJECTS); the next goes on. */
		got = read(fd, bytes, sizeof(bytes));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	close(fd);
	return got == 0;
}

bool owners_scan(struct owners *owners, bool now)
{
	const uint32_t zero = 0;
	uint64_t began = ktime_now();
	uint64_t pause;

	if (!owners->scan_link || (!now && began < owners->next_ns))
		return false;
	owners->scans.current++;
	if (bpf_map_update_elem(owners->scans_fd, &zero, &owners->scans, BPF_ANY) ||
	    !read_through(bpf_link__fd(owners->scan_link)))
		return false;
	owners->scans.complete = owners->scans.current;
	if (bpf_map_update_elem(owners->scans_fd, &zero, &owners->scans, BPF_ANY))
		return false;
	owners->took_ns = ktime_now() - began;
	/* Those that are asked for put everything in: they take much longer than the next will. */
	pause = now ? 0 : owners->took_ns * PAUSE_FACTOR;
	owners->next_ns = began + (pause > SECOND_NS ? pause : SECOND_NS) - EARLY_NS;
	return true;
}

bool owners_find(const struct owners *owners, uint64_t address, struct process *process)
{
	struct owner_entry entry;

	if (owners->map_fd <= 0 || bpf_map_lookup_elem(owners->map_fd, &address, &entry))
		return false;
	*process = entry.scan && !entry.first_holds && entry.scan <= owners->scans.complete ? entry.other : entry.first;
	return true;
}

void owners_stop(struct owners *owners)
{
	bpf_link__destroy(owners->scan_link);
	memset(owners, 0, sizeof(*owners));
}
