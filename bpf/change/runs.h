/* SPDX-License-Identifier: Apache-2.0 */
/* How often a program runs now. */
#ifndef BPFDESK_RUNS_H
#define BPFDESK_RUNS_H

#include <stdint.h>

/*
 * Counts the runs of a program, on all its hooks, for so many milliseconds. Statistics are on meanwhile (BPF_ENABLE_STATS, kernel
 * 5.8), which ends with this process, whatever ends it. Returns why it could not, or NULL.
 */
const char *runs_count(uint32_t prog_id, uint32_t for_ms, uint64_t *runs, uint64_t *took_ms);

#endif
