// SPDX-License-Identifier: Apache-2.0
/* The kernel's own counters: what qdiscs dropped and how often programs ran, from the beginning of the run on. */
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>

#include "verdict_targets.h"

/* Another counter than the one before was put in its place when it goes back: an agent that starts again makes its qdisc anew. */
static void count_qdisc(struct hook *hook, uint32_t drops)
{
	uint32_t grown = drops - hook->qdisc_now;

	hook->qdisc_drops += grown <= UINT32_MAX / 2 ? grown : drops;
	hook->qdisc_now = drops;
}

/* The kernel tells of the qdiscs of all interfaces, whatever is asked (tc_dump_qdisc). */
static int on_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *qdisc = NLMSG_DATA(message);
	struct targets *targets = context;
	const struct rtattr *queue;

	if (message->nlmsg_type != RTM_NEWQDISC || message->nlmsg_len < NLMSG_LENGTH(sizeof(*qdisc)) ||
	    qdisc->tcm_parent != TC_H_CLSACT)
		return 0;
	queue = rtnl_nested(rtnl_attr(message, sizeof(*qdisc), TCA_STATS2), TCA_STATS_QUEUE);
	if (!queue || RTA_PAYLOAD(queue) < sizeof(struct gnet_stats_queue))
		return 0;
	for (struct hook *hook = targets->hooks; hook < targets->hooks + targets->hook_count; hook++) {
		if (hook->key.xdp || hook->key.ifindex != (uint32_t)qdisc->tcm_ifindex)
			continue;
		hook->has_clsact = true;
		count_qdisc(hook, ((const struct gnet_stats_queue *)RTA_DATA(queue))->drops);
	}
	return 0;
}

int targets_read_qdiscs(struct targets *targets)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg qdisc;
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETQDISC, .nlmsg_flags = NLM_F_DUMP },
	};

	for (struct hook *hook = targets->hooks; hook < targets->hooks + targets->hook_count; hook++)
		hook->has_clsact = false;
	return targets->hook_count ? rtnl_ask(&targets->rtnl, &request.header, on_qdisc, targets) : 0;
}

void targets_begin(struct targets *targets)
{
	for (struct target *target = targets->list; target < targets->list + targets->count; target++) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(target->fd, &info, &size))
			target->runs_before = info.run_cnt;
	}
	targets_read_qdiscs(targets);
	for (struct hook *hook = targets->hooks; hook < targets->hooks + targets->hook_count; hook++)
		hook->qdisc_drops = 0;
}
