// SPDX-License-Identifier: Apache-2.0
/*
 * Network namespaces and what runs on their interfaces. A namespace lives by the processes in it or by a mount; one that only
 * a descriptor or a socket keeps is not found.
 */
#include "snapshot.meta.h"
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns.h"
#include "parts.h"

static struct namespace *find_or_add(struct snapshot *snapshot, uint32_t inum)
{
	struct namespace *all = snapshot->namespaces.items, *added;

	for (size_t i = 0; i < snapshot->namespaces.count; i++)
		if (all[i].inum == inum)
			return &all[i];
	added = list_add(&snapshot->namespaces);
	if (added)
		added->inum = inum;
	return added;
}

/* A line of mountinfo for a mounted namespace: `… net:[4026532001] /run/netns/blue … - nsfs nsfs rw`. */
static bool add_mounts(struct snapshot *snapshot)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool ok = true;

	while (mounts && ok && getline(&line, &room, mounts) > 0) {
		struct namespace *namespace;
		char where[256];
		uint32_t inum;

		if (sscanf(line, "%*s %*s %*s net:[%u] %255s", &inum, where) != 2)
			continue;
		namespace = find_or_add(snapshot, inum);
		ok = namespace != NULL;
		if (ok && !*namespace->path)
			snprintf(namespace->path, sizeof(namespace->path), "%s", where);
	}
	free(line);
	if (mounts)
		fclose(mounts);
	return ok;
}

static bool add_processes(struct snapshot *snapshot)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool ok = true;

	while (processes && ok && (entry = readdir(processes))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);
		struct namespace *namespace;
		struct stat found;
		char path[64];

		if (!pid || pid == (uint32_t)getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
		/* Gone meanwhile, or a zombie, which is in none. */
		if (stat(path, &found))
			continue;
		namespace = find_or_add(snapshot, (uint32_t)found.st_ino);
		ok = namespace != NULL;
		if (!ok)
			break;
		namespace->processes++;
		if (!namespace->pid || pid < namespace->pid)
			namespace->pid = pid;
	}
	if (processes)
		closedir(processes);
	return ok;
}

int namespaces_find(struct run *run, struct snapshot *snapshot)
{
	struct stat own;

	snapshot->namespaces.size = sizeof(struct namespace);
	snapshot->places.size = sizeof(struct link_place);
	/* The one it is in is there even if no other process is. */
	if (stat("/proc/self/ns/net", &own))
		return run_fail(run, "no-proc", "It needs /proc.", "/proc/self/ns/net: %s", strerror(errno));
	if (find_or_add(snapshot, (uint32_t)own.st_ino) && add_processes(snapshot) && add_mounts(snapshot))
		return 0;
	return run_fail(run, "no-memory", "", "There is no memory for the list of network namespaces");
}

struct looking {
	struct run *run;
	struct snapshot *snapshot;
	const struct namespace *namespace;
	struct rtnl rtnl;
	const struct interface *interface;
	struct list interfaces;
};

static void tell_program(struct out *out, uint32_t id)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int fd = id ? bpf_prog_get_fd_by_id(id) : -1;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size)) {
		out_str(out, "prog_name", "");
		out_null(out, "prog_tag");
	} else {
		out_text(out, "prog_name", info.name, sizeof(info.name));
		out_hex(out, "prog_tag", info.tag, sizeof(info.tag));
	}
	if (fd >= 0)
		close(fd);
}

static void u64_or_null(struct out *out, const char *name, uint64_t value, bool is_there)
{
	if (is_there)
		out_u64(out, name, value);
	else
		out_null(out, name);
}

static void tell_filter(struct out *out, const struct hook_entry *entry)
{
	static const struct {
		uint16_t number;
		const char *name;
	} known[] = { { 0x0003, "all" }, { 0x0800, "ip" }, { 0x86dd, "ipv6" }, { 0x0806, "arp" }, { 0x8100, "802.1Q" } };
	bool is_filter = entry->kind == HOOK_CLSACT;
	char protocol[16] = "";

	if (is_filter)
		snprintf(protocol, sizeof(protocol), "0x%04x", entry->protocol);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_filter && known[i].number == entry->protocol)
			snprintf(protocol, sizeof(protocol), "%s", known[i].name);
	u64_or_null(out, "pref", entry->pref, is_filter);
	u64_or_null(out, "handle", entry->handle, is_filter);
	out_str(out, "protocol", protocol);
	out_str(out, "classifier", entry->classifier);
	out_str(out, "filter_name", entry->name);
	if (is_filter)
		out_bool(out, "direct_action", entry->direct_action);
	else
		out_null(out, "direct_action");
	u64_or_null(out, "block", entry->block, entry->block != 0);
}

static int on_hook(const struct hook_entry *entry, void *context)
{
	struct looking *looking = context;
	struct snapshot *snapshot = looking->snapshot;
	struct link_place *place;
	struct out *out;

	if (entry->link_id || entry->kind == HOOK_XDP) {
		place = list_add(&snapshot->places);
		if (!place)
			return -ENOMEM;
		*place = (struct link_place){ entry->link_id, entry->prog_id, entry->ifindex, looking->namespace->inum };
	}
	if (!snapshot->wants_hooks)
		return 0;
	out = emit(looking->run, SNAPSHOT_HOOK);
	out_u64(out, "netns", looking->namespace->inum);
	out_u64(out, "ifindex", entry->ifindex);
	out_str(out, "ifname", looking->interface->name);
	out_str(out, "hook", hook_kind_name(entry->kind));
	out_str(out, "direction", hook_direction_name(entry->direction));
	out_u64(out, "chain", entry->chain);
	out_u64(out, "position", entry->position);
	u64_or_null(out, "prog_id", entry->prog_id, entry->prog_id != 0);
	tell_program(out, entry->prog_id);
	u64_or_null(out, "link_id", entry->link_id, entry->link_id != 0);
	if (*entry->mode)
		out_str(out, "mode", entry->mode);
	else
		out_null(out, "mode");
	tell_filter(out, entry);
	emit_end(looking->run);
	snapshot->told[SNAPSHOT_HOOK]++;
	return 0;
}

static int keep(const struct interface *interface, void *context)
{
	struct interface *kept = list_add(&((struct looking *)context)->interfaces);

	if (!kept)
		return -ENOMEM;
	*kept = *interface;
	return 0;
}

static int look(void *context)
{
	struct looking *looking = context;
	struct interface *all;
	int error = rtnl_open(&looking->rtnl);

	if (error)
		return error;
	error = interfaces_each(&looking->rtnl, keep, looking);
	all = looking->interfaces.items;
	for (size_t i = 0; i < looking->interfaces.count && !error; i++) {
		looking->interface = &all[i];
		error = hooks_of(&looking->rtnl, looking->interface, on_hook, looking, &looking->snapshot->unknown_hooks);
		/* The interface is gone meanwhile. */
		if (error == -ENODEV)
			error = 0;
	}
	rtnl_close(&looking->rtnl);
	return error;
}

static void tell_namespace(struct run *run, struct snapshot *snapshot, const struct namespace *namespace,
			   size_t interfaces, const char *why)
{
	struct out *out;

	if (!snapshot->wants_hooks)
		return;
	out = emit(run, SNAPSHOT_NETNS);
	out_u64(out, "inum", namespace->inum);
	out_str(out, "path", namespace->path);
	u64_or_null(out, "pid", namespace->pid, namespace->pid != 0);
	out_u64(out, "processes", namespace->processes);
	out_u64(out, "interfaces", interfaces);
	out_str(out, "why", why);
	emit_end(run);
	snapshot->told[SNAPSHOT_NETNS]++;
}

int hooks_step(struct run *run, struct snapshot *snapshot)
{
	struct namespace *namespace = (struct namespace *)snapshot->namespaces.items + snapshot->at;
	struct looking looking = { .run = run, .snapshot = snapshot, .namespace = namespace };
	struct netns netns;
	char why[256] = "";
	int error;

	if (snapshot->at == snapshot->namespaces.count)
		return 0;
	snapshot->at++;
	looking.interfaces.size = sizeof(struct interface);
	if (!*namespace->path && namespace->pid)
		snprintf(namespace->path, sizeof(namespace->path), "/proc/%u/ns/net", namespace->pid);
	else if (!*namespace->path)
		snprintf(namespace->path, sizeof(namespace->path), "/proc/self/ns/net");
	if (!netns_open(&netns, namespace->path, why, sizeof(why))) {
		/* The process it was known by is gone, and its number is another's now. */
		error = netns.inum == namespace->inum ? netns_within(&netns, look, &looking) : -ESTALE;
		if (error)
			snprintf(why, sizeof(why), "%s", strerror(-error));
		netns_close(&netns);
	}
	if (*why)
		run_note(run, "namespace-not-seen", "The network namespace %u (%s) could not be looked at: %s", namespace->inum,
			 namespace->path, why);
	if (looking.rtnl.changed)
		run_note(run, "namespace-changed", "Interfaces of the network namespace %u changed while they were listed.",
			 namespace->inum);
	tell_namespace(run, snapshot, namespace, looking.interfaces.count, why);
	list_free(&looking.interfaces);
	return 1;
}
