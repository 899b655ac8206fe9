// SPDX-License-Identifier: Apache-2.0
/* Reads /proc/kallsyms: one "address type name [module]" a line. Only code is kept (types t, T, w and W). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksyms.h"

#define PATH "/proc/kallsyms"
#define PIECE (1 << 20)
/* No function is longer: what is further behind the last symbol of a region belongs to something that has no name. */
#define LONGEST_FUNCTION (1 << 20)

struct symbol {
	uint64_t address;
	/* Into `names`: "name" or "name\t[module]". */
	uint32_t name;
};

struct ksyms {
	bool read;
	char missing[160];
	char *names;
	size_t names_used;
	struct symbol *symbols;
	size_t count;
};

struct ksyms *ksyms_new(void)
{
	struct ksyms *syms = calloc(1, sizeof(*syms));

	if (!syms)
		abort();
	return syms;
}

void ksyms_free(struct ksyms *syms)
{
	if (!syms)
		return;
	free(syms->names);
	free(syms->symbols);
	free(syms);
}

static void *grow(void *memory, size_t size)
{
	void *grown = realloc(memory, size);

	if (!grown)
		abort();
	return grown;
}

/* The whole file, ended by a zero; NULL when it cannot be read. */
static char *slurp(size_t *size)
{
	int fd = open(PATH, O_RDONLY | O_CLOEXEC);
	size_t room = 0, used = 0;
	char *text = NULL;
	ssize_t got;

	if (fd < 0)
		return NULL;
	do {
		if (room - used < PIECE)
			text = grow(text, room = room ? room * 2 : 8 * PIECE);
		got = read(fd, text + used, room - used - 1);
		if (got > 0)
			used += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	close(fd);
	text[used] = '\0';
	*size = used;
	return text;
}

/* Reads one line, which is changed. Moves the name of a function to the front of the text, where it stays. */
static void read_line(struct ksyms *syms, char *line, size_t *room)
{
	uint64_t address = 0;
	char *at = line;
	size_t length;

	for (; *at && *at != ' '; at++)
		address = address << 4 | (uint64_t)(*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
	if (*at != ' ' || !address || !at[1] || !strchr("tTwW", at[1]) || at[2] != ' ')
		return;
	if (syms->count == *room)
		syms->symbols = grow(syms->symbols, (*room = *room ? *room * 2 : 1 << 16) * sizeof(*syms->symbols));
	at += 3;
	length = strlen(at) + 1;
	memmove(syms->names + syms->names_used, at, length);
	syms->symbols[syms->count++] = (struct symbol){ address, (uint32_t)syms->names_used };
	syms->names_used += length;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *left = a, *right = b;

	return left->address < right->address ? -1 : left->address > right->address;
}

static void read_all(struct ksyms *syms)
{
	size_t size, room = 0;
	char *line, *end;

	syms->read = true;
	syms->names = slurp(&size);
	if (!syms->names) {
		snprintf(syms->missing, sizeof(syms->missing), PATH " cannot be read: %s", strerror(errno));
		return;
	}
	for (line = syms->names; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		read_line(syms, line, &room);
	}
	if (!syms->count) {
		snprintf(syms->missing, sizeof(syms->missing), PATH " hides the addresses (kernel.kptr_restrict=2)");
		return;
	}
	syms->names = grow(syms->names, syms->names_used);
	qsort(syms->symbols, syms->count, sizeof(*syms->symbols), by_address);
}

const char *ksyms_missing(struct ksyms *syms)
{
	if (!syms->read)
		read_all(syms);
	return syms->count ? NULL : syms->missing;
}

/* The last symbol that is not behind the address; of several at one address the first. */
static const struct symbol *find(const struct ksyms *syms, uint64_t address)
{
	size_t low = 0, high = syms->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (syms->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	low--;
	while (low && syms->symbols[low - 1].address == syms->symbols[low].address)
		low--;
	return &syms->symbols[low];
}

const char *ksyms_name(struct ksyms *syms, uint64_t address, char *text, size_t size)
{
	const struct symbol *symbol = ksyms_missing(syms) ? NULL : find(syms, address);
	const char *name, *module;

	if (!symbol || address - symbol->address >= LONGEST_FUNCTION) {
		snprintf(text, size, "0x%" PRIx64, address);
		return text;
	}
	name = syms->names + symbol->name;
	module = strchr(name, '\t');
	snprintf(text, size, "%.*s+0x%" PRIx64 "%s%s", module ? (int)(module - name) : (int)strlen(name), name,
		 address - symbol->address, module ? " " : "", module ? module + 1 : "");
	return text;
}

static bool is_named(const char *symbol, const char *name, size_t length)
{
	return !strncmp(symbol, name, length) && (!symbol[length] || symbol[length] == '.' || symbol[length] == '\t');
}

size_t ksyms_ranges(struct ksyms *syms, const char *name, struct ksym_range *ranges, size_t room)
{
	const size_t length = strlen(name);
	size_t found = 0;

	if (ksyms_missing(syms))
		return 0;
	for (size_t i = 0; i < syms->count && found < room; i++) {
		const uint64_t begin = syms->symbols[i].address;
		size_t next = i + 1;

		if (!is_named(syms->names + syms->symbols[i].name, name, length))
			continue;
		while (next < syms->count && syms->symbols[next].address == begin)
			next++;
		ranges[found].begin = begin;
		ranges[found++].end = next < syms->count && syms->symbols[next].address - begin < LONGEST_FUNCTION ?
					      syms->symbols[next].address :
					      begin + LONGEST_FUNCTION;
	}
	return found;
}
