// SPDX-License-Identifier: Apache-2.0
/* Writes the bytes of its standard input as one text of a line, as every tracer writes text. */
#include <stdlib.h>
#include <unistd.h>

#include "output.h"

int main(void)
{
	static char bytes[1 << 16];
	struct out *out = out_new(STDOUT_FILENO, STDIN_FILENO);
	size_t size = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, bytes + size, sizeof(bytes) - size)) > 0)
		size += (size_t)got;
	out_line(out, "text");
	out_text(out, "value", bytes, size);
	out_hex(out, "hex", bytes, size);
	out_end_line(out);
	if (!out_flush(out))
		return 1;
	out_free(out);
	return 0;
}
