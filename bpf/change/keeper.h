/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second process that holds the same attachment as the first, and puts it back when the first is gone without a word
 * after it was taken off. It ends with the first.
 */
#ifndef BPFDESK_CHANGE_KEEPER_H
#define BPFDESK_CHANGE_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "attachment.h"

struct keeper {
	pid_t pid;
	/* What it is told by. */
	int fd;
};

/* NULL, or why not, in words. The attachment was found before. */
const char *keeper_start(struct keeper *keeper, struct attachment *attachment);
/* From now on it puts back what it holds when the first process is gone. False when it is gone itself. */
bool keeper_take_over(struct keeper *keeper);
/* From now on it does nothing any more. */
void keeper_let_be(struct keeper *keeper);
/* The same, and it is gone when this returns. */
void keeper_dismiss(struct keeper *keeper);

#endif
