// SPDX-License-Identifier: Apache-2.0
/*
 * bpfdesk-change: takes one program off one hook, with a way back that is armed before.
 *
 *	bpfdesk-change detach --ifindex N --ifname NAME --kind tcx|clsact|xdp|netkit --direction D --prog-id P
 *		[--pref N --handle N --chain N --protocol N] [--netns PATH --netns-inode N] --lease SECONDS
 *
 * It finds exactly that attachment, holds the program and all that is needed to put it back, says `armed`, and waits for the
 * line `go` on its standard input. Then it takes it off and says `detached`. Unless `confirm` comes within the lease it puts
 * it back by itself; so it does when its input ends, on SIGTERM, SIGINT and SIGHUP, and when it is killed (a second process holds the
 * same and watches the first). After `confirm` it stays, so that `undo` can put it back, until its input ends. One JSON object a line.
 * Nothing is pinned: what is restored is attached as tc, ip or the owner's loader would.
 *
 *	bpfdesk-change runs --prog-id P --for-ms N
 *
 * changes nothing: it counts how often that program runs, for the plan, and says `runs`.
 */
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "attachment.h"
#include "clock.h"
#include "keeper.h"
#include "output.h"
#include "runs.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define LONGEST_LEASE_S 3600
#define LONGEST_COUNT_MS 5000
/* A line is waited for so long to be taken, then no more lines are written. */
#define READER_PATIENCE_S 1

struct change {
	struct hook_entry wanted;
	uint32_t ifindex;
	const char *ifname;
	uint32_t lease_s;
	uint32_t for_ms;
	const char *netns;
	uint64_t netns_inode;

	/* Not to change anything. */
	bool only_count;

	struct attachment attachment;
	struct out *out;
	int signal_fd;
	struct keeper keeper;
};

static struct change change;

static int usage(void)
{
	fputs("usage: bpfdesk-change detach --ifindex N --ifname NAME --kind tcx|clsact|xdp|netkit\n"
	      "         --direction ingress|egress|primary|peer --prog-id N\n"
	      "         [--pref N --handle N --chain N --protocol N] [--netns PATH --netns-inode N] --lease SECONDS\n"
	      "Then on standard input, a line each: go, confirm, undo. Its end before confirm puts everything back.\n"
	      "       bpfdesk-change runs --prog-id N --for-ms N\n",
	      stderr);
	return EXIT_USAGE;
}

/* A reader that does not read must not keep the lease from being kept. */
static void flush(void)
{
	out_deadline(change.out, clock_ns(CLOCK_MONOTONIC) + READER_PATIENCE_S * NS_PER_S);
	out_flush(change.out);
}

static void end_line(void)
{
	out_end_line(change.out);
	flush();
}

static int fail(const char *code, const char *message, const char *hint)
{
	out_line(change.out, "error");
	out_str(change.out, "code", code);
	out_str(change.out, "message", message);
	out_str(change.out, "hint", hint);
	end_line();
	return EXIT_FAILED;
}

static bool named(const char *text, const char *(*name)(int), int count, int *value)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(name(i), text)) {
			*value = i;
			return true;
		}
	}
	return false;
}

static const char *kind_name(int kind)
{
	return hook_kind_name((enum hook_kind)kind);
}

static const char *direction_name(int direction)
{
	return hook_direction_name((enum hook_direction)direction);
}

static bool number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= most;
}

static bool number32(const char *text, uint32_t *value)
{
	uint64_t wide;

	if (!number(text, UINT32_MAX, &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool read_option(int option, const char *text)
{
	uint32_t value;
	int index;

	switch (option) {
	case 'i':
		return number32(text, &change.ifindex);
	case 'I':
		change.ifname = text;
		return true;
	case 'k':
		if (!named(text, kind_name, HOOK_KINDS, &index))
			return false;
		change.wanted.kind = (enum hook_kind)index;
		return true;
	case 'd':
		if (!named(text, direction_name, HOOK_PEER + 1, &index))
			return false;
		change.wanted.direction = (enum hook_direction)index;
		return true;
	case 'p':
		return number32(text, &change.wanted.prog_id);
	case 'r':
		return number32(text, &change.wanted.pref);
	case 'h':
		return number32(text, &change.wanted.handle);
	case 'c':
		return number32(text, &change.wanted.chain);
	case 'o':
		if (!number32(text, &value) || value > UINT16_MAX)
			return false;
		change.wanted.protocol = (uint16_t)value;
		return true;
	case 'l':
		return number32(text, &change.lease_s) && change.lease_s > 0 && change.lease_s <= LONGEST_LEASE_S;
	case 'f':
		return number32(text, &change.for_ms) && change.for_ms > 0 && change.for_ms <= LONGEST_COUNT_MS;
	case 'n':
		change.netns = text;
		return true;
	case 'N':
		return number(text, UINT64_MAX, &change.netns_inode);
	default:
		return false;
	}
}

static bool read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ifindex", required_argument, NULL, 'i' },  { "kind", required_argument, NULL, 'k' },
		{ "ifname", required_argument, NULL, 'I' },
		{ "direction", required_argument, NULL, 'd' }, { "prog-id", required_argument, NULL, 'p' },
		{ "pref", required_argument, NULL, 'r' },      { "handle", required_argument, NULL, 'h' },
		{ "chain", required_argument, NULL, 'c' },     { "protocol", required_argument, NULL, 'o' },
		{ "lease", required_argument, NULL, 'l' },     { "netns", required_argument, NULL, 'n' },
		{ "netns-inode", required_argument, NULL, 'N' }, { "for-ms", required_argument, NULL, 'f' }, {},
	};
	bool kind = false, direction = false;
	int option;

	if (argc < 2)
		return false;
	change.only_count = !strcmp(argv[1], "runs");
	if (!change.only_count && strcmp(argv[1], "detach"))
		return false;
	optind = 2;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?' || !read_option(option, optarg))
			return false;
		kind |= option == 'k';
		direction |= option == 'd';
	}
	if (optind != argc || !change.wanted.prog_id)
		return false;
	if (change.only_count)
		return change.for_ms && !kind && !direction && !change.ifindex && !change.ifname && !change.lease_s &&
		       !change.netns;
	return kind && direction && change.ifindex && change.ifname && change.lease_s && !change.for_ms;
}

/* Into the namespace of the interface, when it is still the one that was meant. */
static const char *enter_netns(void)
{
	struct stat found;
	int fd;

	if (!change.netns)
		return NULL;
	fd = open(change.netns, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &found))
		return "Its network namespace is gone.";
	if (change.netns_inode && found.st_ino != change.netns_inode)
		return "Its network namespace is another one by now.";
	if (setns(fd, CLONE_NEWNET))
		return "Its network namespace cannot be entered.";
	close(fd);
	return NULL;
}

/* An index is used again once its interface is gone, and the name is what a person has approved. */
static const char *check_name(void)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname(change.ifindex, name))
		return "Its interface is gone.";
	return strcmp(name, change.ifname) ? "Its interface has another name than the one that was approved." : NULL;
}

static void say_chain(const char *record, const struct chain *chain)
{
	out_line(change.out, record);
	chain_write(change.out, "chain", chain);
}

enum heard { HEARD_GO, HEARD_CONFIRM, HEARD_UNDO, HEARD_END, HEARD_SIGNAL, HEARD_NOTHING };

static uint64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

/* The next word, until a point in time (0: for ever). Words that are none are passed over. */
static enum heard listen_until(uint64_t until_ms)
{
	static char line[64];
	static size_t used;

	for (;;) {
		struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
					{ .fd = change.signal_fd, .events = POLLIN } };
		uint64_t now = now_ms();
		char byte;
		ssize_t got;

		if (until_ms && now >= until_ms)
			return HEARD_NOTHING;
		if (poll(fds, 2, until_ms ? (int)(until_ms - now) : -1) < 0 && errno != EINTR)
			return HEARD_END;
		if (fds[1].revents)
			return HEARD_SIGNAL;
		if (!fds[0].revents)
			continue;
		got = read(STDIN_FILENO, &byte, 1);
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			return HEARD_END;
		if (got < 0)
			continue;
		if (byte != '\n') {
			line[used < sizeof(line) - 1 ? used++ : used] = byte;
			continue;
		}
		line[used] = '\0';
		used = 0;
		if (!strcmp(line, "go"))
			return HEARD_GO;
		if (!strcmp(line, "confirm"))
			return HEARD_CONFIRM;
		if (!strcmp(line, "undo"))
			return HEARD_UNDO;
	}
}

static int restore(const char *reason)
{
	static struct chain now;
	const char *why = attachment_restore(&change.attachment);

	/* Whatever came of it, it was tried and is told: the second process need not try it again. */
	keeper_dismiss(&change.keeper);
	if (why)
		return fail("not-restored", why, "Restart its owner, or attach it by hand; what was there is in the line armed.");
	chain_read(&now, change.ifindex);
	say_chain("restored", &now);
	out_str(change.out, "reason", reason);
	out_bool(change.out, "same", chain_same(&now, &change.attachment.before, SIZE_MAX));
	end_line();
	return EXIT_DONE;
}

static const char *reason_of(enum heard heard)
{
	switch (heard) {
	case HEARD_NOTHING:
		return "lease";
	case HEARD_UNDO:
		return "undo";
	case HEARD_SIGNAL:
		return "signal";
	default:
		return "stdin";
	}
}

static int detach(void)
{
	static struct chain now;
	const struct attachment *attachment = &change.attachment;
	uint64_t until;
	const char *why;
	enum heard heard;

	why = check_name();
	if (why)
		return fail("changed-meanwhile", why, "Nothing was done. Look again and make a new plan.");
	chain_read(&now, change.ifindex);
	if (!chain_same(&now, &attachment->before, SIZE_MAX))
		return fail("changed-meanwhile", "What is attached there has changed since the plan was made; nothing was done.",
			    "Look again and make a new plan.");
	if (!keeper_take_over(&change.keeper))
		return fail("no-keeper", "The second process is gone; nothing was done.", "Try again.");
	until = now_ms() + (uint64_t)change.lease_s * 1000;
	why = attachment_detach(&change.attachment);
	if (why) {
		keeper_dismiss(&change.keeper);
		return fail("not-detached", why, "Nothing was changed.");
	}
	chain_read(&now, change.ifindex);
	say_chain("detached", &now);
	out_bool(change.out, "exact", chain_same(&now, &attachment->before, attachment->at));
	end_line();
	do
		heard = listen_until(until);
	while (heard == HEARD_GO);
	if (heard != HEARD_CONFIRM)
		return restore(reason_of(heard));
	/* Should this process be killed from here on, the change stays. */
	keeper_let_be(&change.keeper);
	out_line(change.out, "confirmed");
	end_line();
	do
		heard = listen_until(0);
	while (heard == HEARD_GO || heard == HEARD_CONFIRM);
	if (heard == HEARD_UNDO)
		return restore("undo");
	keeper_dismiss(&change.keeper);
	out_line(change.out, "left");
	end_line();
	return EXIT_DONE;
}

static int arm(void)
{
	struct attachment *attachment = &change.attachment;
	const char *why = check_name();
	enum heard heard;

	if (!why)
		why = attachment_find(attachment, change.ifindex, &change.wanted);
	if (why)
		return fail("not-armed", why, "Nothing was changed. Look again and make a new plan.");
	why = keeper_start(&change.keeper, &change.attachment);
	if (why)
		return fail("not-armed", why, "Nothing was changed.");
	say_chain("armed", &attachment->before);
	chain_write_entry(change.out, "entry", &attachment->before.entries[attachment->at]);
	out_bool(change.out, "has_link", attachment_has_link(attachment));
	out_u64(change.out, "lease_s", change.lease_s);
	end_line();
	do
		heard = listen_until(0);
	while (heard == HEARD_CONFIRM);
	if (heard == HEARD_GO)
		return detach();
	keeper_dismiss(&change.keeper);
	out_line(change.out, "disarmed");
	end_line();
	return EXIT_DONE;
}

static int count_runs(void)
{
	uint64_t runs, took_ms;
	const char *why = runs_count(change.wanted.prog_id, change.for_ms, &runs, &took_ms);

	if (why)
		return fail("not-counted", why, "The plan can be made without it.");
	out_line(change.out, "runs");
	out_u64(change.out, "runs", runs);
	out_u64(change.out, "ms", took_ms);
	end_line();
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	sigset_t signals;
	const char *why;
	int code;

	if (!read_arguments(argc, argv))
		return usage();
	change.out = out_new(STDOUT_FILENO, -1);
	if (!change.out)
		return EXIT_FAILED;
	signal(SIGPIPE, SIG_IGN);
	if (change.only_count) {
		code = count_runs();
		out_free(change.out);
		return code;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	change.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	why = enter_netns();
	code = why ? fail("not-armed", why, "Nothing was changed. Look again and make a new plan.") : arm();
	attachment_forget(&change.attachment);
	out_free(change.out);
	return code;
}
