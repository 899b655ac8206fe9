// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

/* What it is told; nothing means that the first process is gone. */
enum word { WORD_DETACHED = 'd', WORD_OVER = 'o' };

/*
 * Out of reach of whoever ends the first with all of its session, or all that carries the guard's mark of a command
 * (electron/host/transport/guard-script.ts): that may be before it had its turn on a busy node.
 */
static void leave_session(void)
{
	char *part = getenv("BPFDESK_PART");

	setsid();
	if (part)
		memset(part, '-', strlen(part));
}

static void keep(int words, struct attachment *attachment)
{
	char word, last = 0;
	ssize_t got;
	sigset_t all;

	/* What ends the first is not to end this one before it has done its work. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, "bpfdesk-keeper");
	leave_session();
	while ((got = read(words, &word, 1)) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		if (got == 1)
			last = word;
	}
	if (last == WORD_DETACHED)
		attachment_restore(attachment);
	_exit(0);
}

const char *keeper_start(struct keeper *keeper, struct attachment *attachment)
{
	int words[2];

	if (pipe2(words, O_CLOEXEC))
		return "The second process cannot be started (no descriptors).";
	keeper->pid = fork();
	if (keeper->pid < 0)
		return "The second process cannot be started.";
	if (keeper->pid == 0) {
		close(words[1]);
		/* The node's connection must not be held open by it. */
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		keep(words[0], attachment);
	}
	close(words[0]);
	keeper->fd = words[1];
	return NULL;
}

static bool tell(struct keeper *keeper, enum word word)
{
	char byte = (char)word;

	return write(keeper->fd, &byte, 1) == 1;
}

bool keeper_take_over(struct keeper *keeper)
{
	return tell(keeper, WORD_DETACHED);
}

void keeper_let_be(struct keeper *keeper)
{
	tell(keeper, WORD_OVER);
}

void keeper_dismiss(struct keeper *keeper)
{
	tell(keeper, WORD_OVER);
	close(keeper->fd);
	waitpid(keeper->pid, NULL, 0);
}
