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
/* `give_up_fd` has no end to wait for: only the reader and the deadline end a wait. */
void out_never_give_up(struct out *out);
/* Once this signalfd can be read, a reader that takes nothing is waited for a moment only. */
void out_stop_on(struct out *out, int signal_fd);
/* Takes back the line that was begun last; nothing may have been written since. */
void out_take_back(struct out *out);
/* Why what was written could not be: an errno. 0: all was taken, or the reader is gone. */
int out_error(const struct out *out);
/* Is there nothing to write. */
bool out_is_empty(const struct out *out);
/* Is so much held that it should be written now. */
bool out_is_full(const struct out *out);

#endif
