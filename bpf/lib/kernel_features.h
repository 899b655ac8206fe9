/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel offers a tracer, found by trying: a small program is loaded and, where loading alone proves
 * nothing, attached for a moment. Never by version. Names are those of `tracer.yaml`.
 */
#ifndef BPFDESK_FEATURES_H
#define BPFDESK_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#define FEATURES(X)        \
	X(btf)             \
	X(ringbuf)         \
	X(fexit_prog)      \
	X(fentry)          \
	X(kprobe)          \
	X(tp_btf)          \
	X(raw_tp)          \
	X(cgroup_skb)      \
	X(cgroup_sock)     \
	X(iter_task_file)  \
	X(iter_tcp)        \
	X(bpf_stats)

enum feature {
#define X(name) FEATURE_##name,
	FEATURES(X)
#undef X
	FEATURE_COUNT,
};

/* Tried when first asked for, then remembered. `*why` says in words why not; empty when it is there. */
bool feature_available(enum feature feature, const char **why);
const char *feature_name(enum feature feature);
/* The first of `needs` (bit 1 << FEATURE_x for each) that is missing, or FEATURE_COUNT. */
enum feature first_missing(uint32_t needs, const char **why);

#endif
