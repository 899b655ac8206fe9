/* SPDX-License-Identifier: Apache-2.0 */
/* What return values of programs are called, by where the program is attached. */
#ifndef BPFDESK_VERDICT_NAMES_H
#define BPFDESK_VERDICT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum naming {
	NAMES_TC,
	/* A clsact filter that is not `direct-action`: what it returns is a class. */
	NAMES_CLASS,
	NAMES_TCX,
	NAMES_NETKIT,
	NAMES_XDP,
	NAMINGS,
};

/* "TC_ACT_SHOT"; "other" for a value that has no name there. */
const char *verdict_name(enum naming naming, uint32_t slot);
/* Bit 1 << slot for every verdict after which the kernel drops the packet. */
uint32_t verdict_drops(enum naming naming);
/*
 * Adds the slots that a word means under each naming: "drop", "all", or a verdict's name with or without its prefix, in any
 * case. False when it means nothing anywhere.
 */
bool verdict_word(const char *word, uint32_t slots[NAMINGS]);
/* All verdicts that have a name, for a message. */
const char *verdict_words(char *to, size_t size);

#endif
