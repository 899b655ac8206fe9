/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who a task is, read at the event: a process that is gone a moment later keeps its name. Kernel side of process.h.
 * The task must be the one meant: in softirq the current one is whoever was interrupted.
 */
#ifndef BPFDESK_PROCESS_BPF_H
#define BPFDESK_PROCESS_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "process.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000
#define PF_IO_WORKER 0x00000010

/* The id of the task's cgroup in cgroup2. */
static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* The inode number of the task's network namespace, 0 when it is exiting. A socket's own may be another. */
static __always_inline __u32 task_netns(struct task_struct *task)
{
	struct nsproxy *proxy = BPF_CORE_READ(task, nsproxy);

	return proxy ? BPF_CORE_READ(proxy, net_ns, ns.inum) : 0;
}

/*
 * The task that one of the kernel's threads works for: before 3bfe6106693b (5.12) io_uring's workers were such threads with
 * the memory map of the process. Others are themselves.
 */
static __always_inline struct task_struct *task_behind(struct task_struct *task)
{
	struct mm_struct *mm;
	struct task_struct *owner;

	if (!(BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return task;
	mm = BPF_CORE_READ(task, mm);
	/* Only with CONFIG_MEMCG, which every node has. */
	if (!mm || !bpf_core_field_exists(mm->owner))
		return task;
	owner = BPF_CORE_READ(mm, owner);
	return owner ? owner : task;
}

/* Whose name says what it is: a thread that io_uring made works for the process that made it, under a name of its own. */
static __always_inline struct task_struct *task_named(struct task_struct *of)
{
	struct task_struct *task = task_behind(of);

	return BPF_CORE_READ(task, flags) & PF_IO_WORKER ? BPF_CORE_READ(task, group_leader) : task;
}

/* Of the task, or of the one it works for. */
static __always_inline void read_process(struct process *process, struct task_struct *of)
{
	struct task_struct *task = task_behind(of), *named = task_named(of);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	process->tgid = BPF_CORE_READ(task, tgid);
	process->tid = BPF_CORE_READ(task, pid);
	process->cgroup_id = task_cgroup_id(task);
	process->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	if (bpf_probe_read_kernel(process->comm, sizeof(process->comm), &named->comm))
		process->comm[0] = '\0';
	process->exe[0] = '\0';
	/* Kernel threads have no memory map and run no file. */
	if (!mm)
		return;
	if (bpf_probe_read_kernel_str(process->exe, sizeof(process->exe),
				      BPF_CORE_READ(mm, exe_file, f_path.dentry, d_name.name)) < 0)
		process->exe[0] = '\0';
}

#endif
