/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attachment: found exactly as it was described, taken off, and put back at its place. The program is held by a file
 * descriptor meanwhile, so that it lives whoever else lets go of it.
 */
#ifndef BPFDESK_CHANGE_ATTACHMENT_H
#define BPFDESK_CHANGE_ATTACHMENT_H

#include "chain.h"

struct attachment {
	uint32_t ifindex;
	struct chain before;
	/* Its place in `before`. */
	size_t at;
	int prog_fd;
	/* clsact: what else is needed to make it again. */
	uint32_t filter_flags, filter_flags_gen, classid;
	bool has_classid;
	/* XDP by a link, which netlink does not tell; 0 for none. */
	uint32_t xdp_link_id;
};

/* Both: NULL when it went well, otherwise why not, in words (valid until the next call). */
/* `wanted`: kind, direction, prog_id and, of clsact, pref, handle, chain and protocol. */
const char *attachment_find(struct attachment *attachment, uint32_t ifindex, const struct hook_entry *wanted);
const char *attachment_detach(struct attachment *attachment);
/* Puts it back next to the neighbours it had. */
const char *attachment_restore(struct attachment *attachment);
/* Is it attached by a link, which cannot be attached again: it comes back without one. */
bool attachment_has_link(const struct attachment *attachment);
void attachment_forget(struct attachment *attachment);

#endif
