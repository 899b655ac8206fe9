/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of the kernel's code as names: what /proc/kallsyms says, as it was when it was first asked. Reading it takes
 * some 50 ms, so it is read when the first address is to be named, not before.
 */
#ifndef BPFDESK_KSYMS_H
#define BPFDESK_KSYMS_H

#include <stddef.h>
#include <stdint.h>

struct ksyms;

/* Never NULL; nothing is read yet. */
struct ksyms *ksyms_new(void);
/* NULL is allowed. */
void ksyms_free(struct ksyms *syms);
/*
 * Writes "symbol+0x1f", "symbol+0x1f [module]", or the address in hex when no symbol is known. Returns `text`.
 * 128 bytes hold every name.
 */
const char *ksyms_name(struct ksyms *syms, uint64_t address, char *text, size_t size);
struct ksym_range {
	uint64_t begin, end;
};

/*
 * The code of a function by its name, and of what the compiler split off it ("name.part.0"). How many ranges were written, at most
 * `room`; 0 when there is none of that name.
 */
size_t ksyms_ranges(struct ksyms *syms, const char *name, struct ksym_range *ranges, size_t room);
/* Why no address has a name; NULL when they have. Reads the symbols when that is not done yet. */
const char *ksyms_missing(struct ksyms *syms);

#endif
