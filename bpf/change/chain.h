/* SPDX-License-Identifier: Apache-2.0 */
/* All that is attached to one interface, read at one moment, to be compared with another. */
#ifndef BPFDESK_CHANGE_CHAIN_H
#define BPFDESK_CHANGE_CHAIN_H

#include "hooks.h"
#include "out.h"

/* BPF_MPROG_MAX is 64 a hook; an interface with more than this is not one we change. */
#define CHAIN_MAX 512

struct chain {
	size_t count;
	/* 1 << kind for hooks this kernel does not tell about. */
	uint32_t unknown;
	struct hook_entry entries[CHAIN_MAX];
};

/* 0 or a negative errno; -E2BIG when there is more than can be held. */
int chain_read(struct chain *chain, uint32_t ifindex);
/*
 * Is `now` what `before` was, in the same order, but for the entry at `without` (SIZE_MAX: nothing is left out)? Links do not count:
 * what is put back has none.
 */
bool chain_same(const struct chain *now, const struct chain *before, size_t without);
/* A list of objects, in the order of the kernel. */
void chain_write(struct out *out, const char *name, const struct chain *chain);
void chain_write_entry(struct out *out, const char *name, const struct hook_entry *entry);

#endif
