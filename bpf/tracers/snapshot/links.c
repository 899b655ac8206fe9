// SPDX-License-Identifier: Apache-2.0
/*
 * Every link with what it is attached to. struct bpf_link_info grows with every kernel, and the headers this is built with know less
 * than the kernels it runs on, so its layout is given here (include/uapi/linux/bpf.h of 6.12).
 */
#include "snapshot.meta.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

/* Links told in one step. */
#define AT_ONCE 64

enum link_type {
	LINK_RAW_TRACEPOINT = 1,
	LINK_TRACING,
	LINK_CGROUP,
	LINK_ITER,
	LINK_NETNS,
	LINK_XDP,
	LINK_PERF_EVENT,
	LINK_KPROBE_MULTI,
	LINK_STRUCT_OPS,
	LINK_NETFILTER,
	LINK_TCX,
	LINK_UPROBE_MULTI,
	LINK_NETKIT,
	LINK_SOCKMAP,
};

/* enum bpf_perf_event_type, 1b715e1b0ec5 (6.5). */
enum { PERF_UPROBE = 1, PERF_URETPROBE, PERF_KPROBE, PERF_KRETPROBE, PERF_TRACEPOINT, PERF_EVENT };

struct link_info {
	uint32_t type, id, prog_id, unused;
	union {
		/* raw_tracepoint, iter */
		struct {
			uint64_t name;
			uint32_t length;
		} named;
		struct {
			uint32_t attach_type, target_obj_id, target_btf_id;
		} tracing;
		struct {
			uint64_t id;
			uint32_t attach_type;
		} cgroup;
		struct {
			uint32_t inum, attach_type;
		} netns;
		/* xdp (without a type), tcx, netkit */
		struct {
			uint32_t ifindex, attach_type;
		} device;
		/* struct_ops, sockmap (with a type) */
		struct {
			uint32_t map_id, attach_type;
		} map;
		struct {
			uint32_t pf, hook;
			int32_t priority;
		} netfilter;
		struct {
			uint32_t type, unused;
			uint64_t name;
			uint32_t length, offset;
		} perf;
		struct {
			uint64_t addresses;
			uint32_t count;
		} kprobes;
		struct {
			uint64_t path, offsets, ref_ctrs, cookies;
			uint32_t length, count;
		} uprobes;
		uint64_t room[16];
	};
};

static const char *type_name(uint32_t type)
{
	static const char *const names[] = { "unspec", "raw_tracepoint", "tracing", "cgroup", "iter", "netns", "xdp",
					     "perf_event", "kprobe_multi", "struct_ops", "netfilter", "tcx",
					     "uprobe_multi", "netkit", "sockmap" };
	static char number[24];

	if (type < sizeof(names) / sizeof(names[0]))
		return names[type];
	snprintf(number, sizeof(number), "type %u", type);
	return number;
}

static const char *attach_type_name(uint32_t type)
{
	/* Those after what libbpf 1.1 knows, from lsm_cgroup (43) on. */
	static const char *const newer[] = {
		"struct_ops", "netfilter", "tcx_ingress", "tcx_egress", "trace_uprobe_multi", "cgroup_unix_connect",
		"cgroup_unix_sendmsg", "cgroup_unix_recvmsg", "cgroup_unix_getpeername", "cgroup_unix_getsockname",
		"netkit_primary", "netkit_peer", "trace_kprobe_session", "trace_uprobe_session",
	};
	const char *name = libbpf_bpf_attach_type_str(type);
	static char number[24];

	if (name)
		return name;
	if (type >= 44 && type - 44 < sizeof(newer) / sizeof(newer[0]))
		return newer[type - 44];
	snprintf(number, sizeof(number), "type %u", type);
	return number;
}

/* Asks again with room for the name that such a link has. */
static void read_name(int fd, struct link_info *info, char *name, uint32_t size)
{
	struct link_info asked = {};
	uint32_t length = sizeof(asked);

	if (info->type == LINK_RAW_TRACEPOINT || info->type == LINK_ITER) {
		asked.named.name = (uint64_t)(uintptr_t)name;
		asked.named.length = size;
	} else if (info->type == LINK_PERF_EVENT && info->perf.type && info->perf.type != PERF_EVENT) {
		asked.perf.name = (uint64_t)(uintptr_t)name;
		asked.perf.length = size;
	} else if (info->type == LINK_UPROBE_MULTI) {
		asked.uprobes.path = (uint64_t)(uintptr_t)name;
		asked.uprobes.length = size;
	} else {
		return;
	}
	/* A name that cannot be read, or that is longer, leaves the rest as it was. */
	if (!bpf_obj_get_info_by_fd(fd, &asked, &length))
		*info = asked;
	name[size - 1] = '\0';
}

static void describe(const struct link_info *info, const char *name, char *text, size_t size)
{
	static const char *const perf[] = { "", "uprobe", "uretprobe", "kprobe", "kretprobe", "tracepoint", "perf event" };

	*text = '\0';
	switch (info->type) {
	case LINK_RAW_TRACEPOINT:
	case LINK_ITER:
		snprintf(text, size, "%s", name);
		break;
	case LINK_PERF_EVENT:
		if (info->perf.type >= sizeof(perf) / sizeof(perf[0]))
			break;
		if (info->perf.type < PERF_TRACEPOINT && info->perf.offset)
			snprintf(text, size, "%s %s+0x%x", perf[info->perf.type], name, info->perf.offset);
		else
			snprintf(text, size, "%s%s%s", perf[info->perf.type], *name ? " " : "", name);
		break;
	case LINK_KPROBE_MULTI:
		snprintf(text, size, "%u functions", info->kprobes.count);
		break;
	case LINK_UPROBE_MULTI:
		snprintf(text, size, "%s, %u places", name, info->uprobes.count);
		break;
	case LINK_NETFILTER:
		snprintf(text, size, "pf %u hook %u priority %d", info->netfilter.pf, info->netfilter.hook,
			 info->netfilter.priority);
		break;
	}
}

/* The namespace of a link on an interface; 0 when that cannot be told. */
static uint32_t namespace_of(const struct snapshot *snapshot, const struct link_info *info)
{
	const struct link_place *places = snapshot->places.items;
	uint32_t found = 0;

	if (info->type == LINK_NETNS)
		return info->netns.inum;
	for (size_t i = 0; i < snapshot->places.count; i++) {
		const struct link_place *place = &places[i];

		if (place->link_id == info->id)
			return place->netns;
		if (info->type != LINK_XDP || place->link_id || place->ifindex != info->device.ifindex ||
		    place->prog_id != info->prog_id)
			continue;
		/* The same program on the same number in two namespaces: either may be it. */
		if (found && found != place->netns)
			return 0;
		found = place->netns;
	}
	return found;
}

static void u64_or_null(struct out *out, const char *name, uint64_t value, bool is_there)
{
	if (is_there)
		out_u64(out, name, value);
	else
		out_null(out, name);
}

static void tell(struct run *run, struct snapshot *snapshot, const struct link_info *info, const char *name)
{
	bool on_device = info->type == LINK_XDP || info->type == LINK_TCX || info->type == LINK_NETKIT;
	uint32_t netns = on_device || info->type == LINK_NETNS ? namespace_of(snapshot, info) : 0;
	bool has_object = info->type == LINK_TRACING || info->type == LINK_STRUCT_OPS || info->type == LINK_SOCKMAP;
	struct out *out = emit(run, SNAPSHOT_LINK);
	char target[512];

	describe(info, name, target, sizeof(target));
	out_u64(out, "id", info->id);
	out_str(out, "type", type_name(info->type));
	out_u64(out, "prog_id", info->prog_id);
	if (info->type == LINK_CGROUP)
		out_str(out, "attach_type", attach_type_name(info->cgroup.attach_type));
	else if (info->type == LINK_TRACING)
		out_str(out, "attach_type", attach_type_name(info->tracing.attach_type));
	else if (info->type == LINK_NETNS || info->type == LINK_TCX || info->type == LINK_NETKIT ||
		 info->type == LINK_SOCKMAP)
		out_str(out, "attach_type", attach_type_name(info->device.attach_type));
	else
		out_str(out, "attach_type", "");
	out_str(out, "target", target);
	u64_or_null(out, "ifindex", info->device.ifindex, on_device);
	u64_or_null(out, "netns", netns, netns != 0);
	if (info->type == LINK_CGROUP)
		cgroups_write(snapshot->cgroups, out, "cgroup", info->cgroup.id);
	else
		out_null(out, "cgroup");
	u64_or_null(out, "cgroup_id", info->cgroup.id, info->type == LINK_CGROUP);
	u64_or_null(out, "target_obj_id", info->type == LINK_TRACING ? info->tracing.target_obj_id : info->map.map_id,
		    has_object);
	u64_or_null(out, "target_btf_id", info->tracing.target_btf_id, info->type == LINK_TRACING);
	emit_end(run);
	snapshot->told[SNAPSHOT_LINK]++;
}

int links_step(struct run *run, struct snapshot *snapshot)
{
	for (int i = 0; i < AT_ONCE; i++) {
		struct link_info info = {};
		uint32_t size = sizeof(info);
		char name[256] = "";
		int fd;

		if (bpf_link_get_next_id(snapshot->last_id, &snapshot->last_id)) {
			/* EINVAL: a kernel before a3b80e107894 (5.8), which gives links no ids; said in the schema line. */
			if (errno == ENOENT || errno == EINVAL)
				return 0;
			return run_fail(run, "no-links", "It needs root.", "The links cannot be listed: %s", strerror(errno));
		}
		fd = bpf_link_get_fd_by_id(snapshot->last_id);
		/* Gone, or not attached yet (EAGAIN, bpf_link_by_id). */
		if (fd < 0 && (errno == ENOENT || errno == EAGAIN))
			continue;
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size)) {
			run_note(run, "link-not-seen", "The link %u could not be looked at: %s", snapshot->last_id,
				 strerror(errno));
		} else {
			read_name(fd, &info, name, sizeof(name));
			tell(run, snapshot, &info, name);
		}
		if (fd >= 0)
			close(fd);
	}
	return 1;
}
