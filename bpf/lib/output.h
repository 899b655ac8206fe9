/* SPDX-License-Identifier: Apache-2.0 */
/* How the run makes and empties the writer of `out.h`. */
#ifndef BPFDESK_OUTPUT_H
#define BPFDESK_OUTPUT_H

#include "out.h"

/* `fd` is written to; `give_up_fd` is watched while the reader does not read: its end ends the run. */
struct out *out_new(int fd, int give_up_fd);
void out_free(struct out *out);
/* Writes what is held. False when the reader is gone, or when it does not read and `give_up_fd` ended. */
bool out_flush(struct out *out);
/* Until when, by CLOCK_MONOTONIC, writing waits for a reader that does not read. */
void out_deadline(struct out *out, uint64_t monotonic_ns);
/* Is there nothing to write. */
bool out_is_empty(const struct out *out);
/* Is so much held that it should be written now. */
bool out_is_full(const struct out *out);

#endif
