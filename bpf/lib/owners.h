/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User side of owner.bpf.h: chooses how accepts are seen, runs the scan over open files, answers who holds a socket.
 */
#ifndef BPFDESK_OWNERS_H
#define BPFDESK_OWNERS_H

#include "tracer.h"
#include "owner.h"

struct owners {
	struct bpf_object *object;
	struct bpf_link *scan_link;
	int map_fd;
	int scans_fd;
	struct owner_scans scans;
	/* When the next scan may begin, ktime. */
	uint64_t next_ns;
	/* What the last one took. */
	uint64_t took_ns;
};

/* Between opening and loading: leaves out the programs that this kernel does not take, and names what that costs (run_without). */
void owners_choose(struct run *run, struct bpf_object *object);
/* After loading, and after everything else is attached: attaches the scan and runs it once. run_fail() on failure. */
int owners_start(struct owners *owners, struct run *run, struct bpf_object *object);
/*
 * Looks through all processes' open files once more. Unless `now` it is left out, and false returned, within a
 * second of the last one, or longer where scans take long: they may take one part in a hundred of a CPU.
 */
bool owners_scan(struct owners *owners, bool now);
/* Who holds the socket at that address; false when it is not known. */
bool owners_find(const struct owners *owners, uint64_t address, struct process *process);
/* Callable twice, and on what was never started. */
void owners_stop(struct owners *owners);

#endif
