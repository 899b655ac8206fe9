/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary a process runs, with its path. The kernel side tells only the file's name (process.bpf.h), which is
 * always right; the path is read from /proc while the process is there and belongs to that file.
 */
#ifndef BPFDESK_EXE_H
#define BPFDESK_EXE_H

#include "../include/process.h"
#include "out.h"

/*
 * The path as /proc/<pid>/exe has it (" (deleted)" at its end where the file is gone), or the name alone when the process
 * went before it was asked. Empty for a kernel thread. Valid until the next call.
 */
const char *exe_path(const struct process *process);

#endif
