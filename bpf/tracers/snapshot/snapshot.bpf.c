// SPDX-License-Identifier: GPL-2.0
/* Entries of maps as the kernel itself counts them, read by an iterator over all maps. It has no maps and stays nowhere. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "snapshot.h"

char LICENSE[] SEC("license") = "GPL";

/* Since 515ee52b2224 (6.6): what the counters of all CPUs add up to. */
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym __weak;

static __always_inline bool is_hash_table(__u32 type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

SEC("iter/bpf_map")
int count_entries(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct map_count count = {};
	__s64 entries;

	if (!map)
		return 0;
	if (is_hash_table(map->map_type)) {
		/* Below zero for a moment: what one CPU has put in and another has taken out, of which only the latter was seen. */
		entries = bpf_map_sum_elem_count(map);
		count.entries = entries > 0 ? entries : 0;
	} else if (map->map_type == BPF_MAP_TYPE_LPM_TRIE && bpf_core_field_exists(struct lpm_trie, n_entries)) {
		count.entries = BPF_CORE_READ((struct lpm_trie *)map, n_entries);
	} else {
		return 0;
	}
	count.id = map->id;
	bpf_seq_write(ctx->meta->seq, &count, sizeof(count));
	return 0;
}
