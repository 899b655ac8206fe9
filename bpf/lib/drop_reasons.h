/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of drop reasons, from the running kernel's own types: the numbers differ from release to release, and
 * modules add their own. No list of them is kept here.
 */
#ifndef BPFDESK_DROP_REASONS_H
#define BPFDESK_DROP_REASONS_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drop_reasons;

/* `kernel` is the kernel's own BTF and has to stay. NULL when this kernel gives no reasons (before 5.17). */
struct drop_reasons *drop_reasons_new(struct btf *kernel);
/* NULL is allowed. */
void drop_reasons_free(struct drop_reasons *reasons);
/* "TC_INGRESS", or "312" in decimal when the kernel does not name it. Valid until the next call. */
const char *drop_reason_name(struct drop_reasons *reasons, uint32_t reason);
/* The number of a reason of the core by its name; false when this kernel does not know it. */
bool drop_reason_number(const struct drop_reasons *reasons, const char *name, uint32_t *reason);
/* How many arguments the tracepoint kfree_skb has: 2 before reasons, 3 with them, 4 since c53795d48ee8 (6.11). 0: unknown. */
unsigned int kfree_skb_arguments(const struct btf *kernel);

#endif
