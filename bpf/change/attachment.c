// SPDX-License-Identifier: Apache-2.0
/*
 * Taking off and putting back, by hook. tcx and netkit through bpf(2), whose newer members libbpf 1.1 does not know; clsact
 * through rtnetlink; XDP through libbpf. See kernel/bpf/mprog.c, net/sched/cls_bpf.c, net/core/dev.c.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attachment.h"

/* Flags of BPF_PROG_ATTACH as of 053c8e1f235d (6.6). */
enum { F_BEFORE = 1 << 3, F_AFTER = 1 << 4, F_ID = 1 << 5, F_LINK = 1 << 13 };

/* The members of union bpf_attr for BPF_PROG_ATTACH and BPF_PROG_DETACH as of 053c8e1f235d. */
struct mprog_attach {
	uint32_t target_ifindex;
	uint32_t prog_fd;
	uint32_t attach_type;
	uint32_t attach_flags;
	uint32_t replace_fd;
	uint32_t relative_id;
	uint64_t expected_revision;
};

static char why[512];

static const char *say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return why;
}

static struct hook_entry *entry_of(struct attachment *attachment)
{
	return &attachment->before.entries[attachment->at];
}

static bool is_mprog(const struct hook_entry *entry)
{
	return entry->kind == HOOK_TCX || entry->kind == HOOK_NETKIT;
}

bool attachment_has_link(const struct attachment *attachment)
{
	const struct hook_entry *entry = &attachment->before.entries[attachment->at];

	return entry->link_id != 0 || attachment->xdp_link_id != 0;
}

static bool is_wanted(const struct hook_entry *entry, const struct hook_entry *wanted)
{
	if (entry->kind != wanted->kind || entry->direction != wanted->direction || entry->prog_id != wanted->prog_id)
		return false;
	if (entry->kind != HOOK_CLSACT)
		return true;
	return entry->pref == wanted->pref && entry->handle == wanted->handle && entry->chain == wanted->chain &&
	       entry->protocol == wanted->protocol;
}

struct filter_search {
	struct attachment *attachment;
	bool found;
	const char *why;
};

static int read_filter(const struct nlmsghdr *message, void *context)
{
	const size_t header = sizeof(struct tcmsg);
	const struct tcmsg *filter = NLMSG_DATA(message);
	struct filter_search *search = context;
	struct attachment *attachment = search->attachment;
	const struct hook_entry *entry = entry_of(attachment);
	const struct rtattr *options, *classid;

	if (message->nlmsg_type != RTM_NEWTFILTER || message->nlmsg_len < NLMSG_LENGTH(header))
		return 0;
	options = rtnl_attr(message, header, TCA_OPTIONS);
	if (!options || filter->tcm_handle != entry->handle || filter->tcm_info >> 16 != entry->pref ||
	    rtnl_u32(rtnl_attr(message, header, TCA_CHAIN)) != entry->chain)
		return 0;
	search->found = true;
	if (rtnl_nested(options, TCA_BPF_ACT) || rtnl_nested(options, TCA_BPF_POLICE)) {
		search->why = "the filter has actions of its own (tc action), which cannot be put back with it";
		return 0;
	}
	classid = rtnl_nested(options, TCA_BPF_CLASSID);
	attachment->has_classid = classid != NULL;
	attachment->classid = rtnl_u32(classid);
	attachment->filter_flags = rtnl_u32(rtnl_nested(options, TCA_BPF_FLAGS));
	/* The other bits tell what the hardware made of it. */
	attachment->filter_flags_gen =
		rtnl_u32(rtnl_nested(options, TCA_BPF_FLAGS_GEN)) & (TCA_CLS_FLAGS_SKIP_HW | TCA_CLS_FLAGS_SKIP_SW);
	return 0;
}

static const char *save_filter(struct attachment *attachment)
{
	const struct hook_entry *entry = entry_of(attachment);
	struct {
		struct nlmsghdr header;
		struct tcmsg filter;
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETTFILTER, .nlmsg_flags = NLM_F_DUMP },
		.filter = { .tcm_ifindex = (int)attachment->ifindex, .tcm_parent = hook_tc_parent(entry->direction) },
	};
	struct filter_search search = { .attachment = attachment };
	struct rtnl rtnl;
	int error;

	if (entry->block)
		return "the filter is on a block that other interfaces share";
	if (strcmp(entry->classifier, "bpf"))
		return "the filter is no bpf filter";
	/* cls_bpf adds a filter at the head of its priority's list (cls_bpf_change), so only the first comes back to its place. */
	for (size_t i = 0; i < attachment->at; i++) {
		const struct hook_entry *other = &attachment->before.entries[i];

		if (other->kind == HOOK_CLSACT && other->direction == entry->direction && other->chain == entry->chain &&
		    other->pref == entry->pref)
			return "another filter of the same priority runs before it, and the kernel would put it back in front of that";
	}
	error = rtnl_open(&rtnl);
	if (error)
		return say("rtnetlink cannot be opened: %s", strerror(-error));
	error = rtnl_ask(&rtnl, &request.header, read_filter, &search);
	rtnl_close(&rtnl);
	if (error)
		return say("the filter could not be read: %s", strerror(-error));
	if (!search.found)
		return "the filter is gone";
	return search.why;
}

/* The link that holds an XDP program on the interface; netlink tells of the program only. */
static uint32_t xdp_link_of(uint32_t ifindex, uint32_t prog_id)
{
	uint32_t id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		struct bpf_link_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id), error;

		if (fd < 0)
			continue;
		error = bpf_obj_get_info_by_fd(fd, &info, &size);
		close(fd);
		if (!error && info.type == BPF_LINK_TYPE_XDP && info.prog_id == prog_id && info.xdp.ifindex == ifindex)
			return id;
	}
	return 0;
}

const char *attachment_find(struct attachment *attachment, uint32_t ifindex, const struct hook_entry *wanted)
{
	size_t found = 0;
	int error;

	attachment->ifindex = ifindex;
	attachment->prog_fd = -1;
	error = chain_read(&attachment->before, ifindex);
	if (error)
		return say("what is attached to interface %u cannot be read: %s", ifindex, strerror(-error));
	for (size_t i = 0; i < attachment->before.count; i++) {
		if (!is_wanted(&attachment->before.entries[i], wanted))
			continue;
		attachment->at = i;
		found++;
	}
	if (found != 1)
		return found ? "it is attached there more than once" : "it is not attached there any more";
	attachment->prog_fd = bpf_prog_get_fd_by_id(wanted->prog_id);
	if (attachment->prog_fd < 0)
		return say("program %u cannot be held: %s", wanted->prog_id, strerror(errno));
	if (wanted->kind == HOOK_CLSACT)
		return save_filter(attachment);
	if (wanted->kind == HOOK_XDP)
		attachment->xdp_link_id = xdp_link_of(ifindex, wanted->prog_id);
	return NULL;
}

static const char *detach_link(uint32_t link_id)
{
	int fd = bpf_link_get_fd_by_id(link_id);
	int error;

	if (fd < 0)
		return say("link %u cannot be opened: %s", link_id, strerror(errno));
	error = bpf_link_detach(fd) ? errno : 0;
	close(fd);
	return error ? say("link %u cannot be detached: %s", link_id, strerror(error)) : NULL;
}

static const char *detach_mprog(struct attachment *attachment)
{
	const struct hook_entry *entry = entry_of(attachment);
	struct mprog_attach request = {
		.target_ifindex = attachment->ifindex,
		.prog_fd = (uint32_t)attachment->prog_fd,
		.attach_type = hook_attach_type(entry->kind, entry->direction),
	};

	if (entry->link_id)
		return detach_link(entry->link_id);
	if (syscall(__NR_bpf, BPF_PROG_DETACH, &request, sizeof(request)))
		return say("the kernel does not detach it: %s", strerror(errno));
	return NULL;
}

/* One that is still there: the one behind it, or the one before it. 0 when the hook is empty. */
static uint32_t neighbour(const struct attachment *attachment, const struct chain *now, uint32_t *flags)
{
	const struct chain *before = &attachment->before;
	const struct hook_entry *own = &before->entries[attachment->at];

	for (int side = 1; side >= -1; side -= 2) {
		for (size_t i = attachment->at + (size_t)side; i < before->count; i += (size_t)side) {
			const struct hook_entry *other = &before->entries[i];

			if (other->kind != own->kind || other->direction != own->direction)
				break;
			for (size_t j = 0; j < now->count; j++) {
				const struct hook_entry *there = &now->entries[j];

				if (there->kind != own->kind || there->direction != own->direction ||
				    there->prog_id != other->prog_id)
					continue;
				*flags = (side > 0 ? F_BEFORE : F_AFTER) | F_ID | (there->link_id ? F_LINK : 0);
				return there->link_id ? there->link_id : there->prog_id;
			}
		}
	}
	*flags = 0;
	return 0;
}

static const char *restore_mprog(struct attachment *attachment, const struct chain *now)
{
	struct mprog_attach request = {
		.target_ifindex = attachment->ifindex,
		.prog_fd = (uint32_t)attachment->prog_fd,
		.attach_type = hook_attach_type(entry_of(attachment)->kind, entry_of(attachment)->direction),
	};

	request.relative_id = neighbour(attachment, now, &request.attach_flags);
	if (syscall(__NR_bpf, BPF_PROG_ATTACH, &request, sizeof(request)))
		return say("the kernel does not attach it again: %s", strerror(errno));
	return NULL;
}

struct filter_request {
	struct nlmsghdr header;
	struct tcmsg filter;
	char attributes[1024];
};

static struct rtattr *add(struct filter_request *request, unsigned short type, const void *data, size_t size)
{
	struct rtattr *attr = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attr), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attr->rta_len);
	return attr;
}

static void begin_filter(struct filter_request *request, const struct attachment *attachment, uint16_t type,
			 uint16_t flags)
{
	const struct hook_entry *entry = &attachment->before.entries[attachment->at];

	*request = (struct filter_request){
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)), .nlmsg_type = type, .nlmsg_flags = flags },
		.filter = {
			.tcm_ifindex = (int)attachment->ifindex,
			.tcm_parent = hook_tc_parent(entry->direction),
			.tcm_handle = entry->handle,
			.tcm_info = TC_H_MAKE(entry->pref << 16, __builtin_bswap16(entry->protocol)),
		},
	};
	add(request, TCA_KIND, "bpf", sizeof("bpf"));
	if (entry->chain)
		add(request, TCA_CHAIN, &entry->chain, sizeof(entry->chain));
}

static int ignore(const struct nlmsghdr *message, void *context)
{
	return 0;
}

static const char *ask(struct filter_request *request, const char *what)
{
	struct rtnl rtnl;
	int error = rtnl_open(&rtnl);

	if (!error)
		error = rtnl_ask(&rtnl, &request->header, ignore, NULL);
	rtnl_close(&rtnl);
	return error ? say("the kernel does not %s the filter: %s", what, strerror(-error)) : NULL;
}

static const char *detach_filter(struct attachment *attachment)
{
	struct filter_request request;

	begin_filter(&request, attachment, RTM_DELTFILTER, NLM_F_ACK);
	return ask(&request, "delete");
}

static const char *restore_filter(struct attachment *attachment)
{
	const struct hook_entry *entry = entry_of(attachment);
	struct filter_request request;
	struct rtattr *options;

	begin_filter(&request, attachment, RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	options = add(&request, TCA_OPTIONS, NULL, 0);
	add(&request, TCA_BPF_FD, &attachment->prog_fd, sizeof(attachment->prog_fd));
	if (*entry->name)
		add(&request, TCA_BPF_NAME, entry->name, strlen(entry->name) + 1);
	if (attachment->filter_flags)
		add(&request, TCA_BPF_FLAGS, &attachment->filter_flags, sizeof(attachment->filter_flags));
	if (attachment->filter_flags_gen)
		add(&request, TCA_BPF_FLAGS_GEN, &attachment->filter_flags_gen, sizeof(attachment->filter_flags_gen));
	if (attachment->has_classid)
		add(&request, TCA_BPF_CLASSID, &attachment->classid, sizeof(attachment->classid));
	options->rta_len = (unsigned short)((char *)&request + request.header.nlmsg_len - (char *)options);
	return ask(&request, "add");
}

static uint32_t xdp_flags_of(const struct hook_entry *entry)
{
	if (!strcmp(entry->mode, "hw"))
		return XDP_FLAGS_HW_MODE;
	return !strcmp(entry->mode, "skb") ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

static const char *detach_xdp(struct attachment *attachment)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = attachment->prog_fd);
	int error;

	if (attachment->xdp_link_id)
		return detach_link(attachment->xdp_link_id);
	/* Only when it is still this program that is there. */
	error = bpf_xdp_detach((int)attachment->ifindex, xdp_flags_of(entry_of(attachment)) | XDP_FLAGS_REPLACE, &options);
	return error ? say("the kernel does not detach it: %s", strerror(-error)) : NULL;
}

static const char *restore_xdp(struct attachment *attachment)
{
	uint32_t flags = xdp_flags_of(entry_of(attachment)) | XDP_FLAGS_UPDATE_IF_NOEXIST;
	int error = bpf_xdp_attach((int)attachment->ifindex, attachment->prog_fd, flags, NULL);

	return error ? say("the kernel does not attach it again: %s", strerror(-error)) : NULL;
}

const char *attachment_detach(struct attachment *attachment)
{
	const struct hook_entry *entry = entry_of(attachment);

	if (is_mprog(entry))
		return detach_mprog(attachment);
	return entry->kind == HOOK_XDP ? detach_xdp(attachment) : detach_filter(attachment);
}

const char *attachment_restore(struct attachment *attachment)
{
	const struct hook_entry *entry = entry_of(attachment);
	static struct chain now;
	int error = chain_read(&now, attachment->ifindex);

	if (error)
		return say("what is attached now cannot be read: %s", strerror(-error));
	for (size_t i = 0; i < now.count; i++)
		if (is_wanted(&now.entries[i], entry))
			return NULL; /* Somebody, its owner perhaps, has put it back already. */
	if (is_mprog(entry))
		return restore_mprog(attachment, &now);
	return entry->kind == HOOK_XDP ? restore_xdp(attachment) : restore_filter(attachment);
}

void attachment_forget(struct attachment *attachment)
{
	if (attachment->prog_fd >= 0)
		close(attachment->prog_fd);
	attachment->prog_fd = -1;
}
