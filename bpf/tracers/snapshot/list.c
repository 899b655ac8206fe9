// SPDX-License-Identifier: Apache-2.0
/* A growing array. */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

void *list_add(struct list *list)
{
	char *item;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		void *items = realloc(list->items, room * list->size);

		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	item = (char *)list->items + list->count++ * list->size;
	return memset(item, 0, list->size);
}

void list_free(struct list *list)
{
	free(list->items);
	*list = (struct list){ .size = list->size };
}
