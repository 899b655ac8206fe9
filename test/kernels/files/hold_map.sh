#!/bin/bash
# hold_map.sh TYPE KEY_SIZE VALUE_SIZE ROOM STAY [CHANGE]: a map that lab-maps holds until it is interrupted.
set -eu
hold=$(mktemp -u)
mkfifo "$hold"
# Opened both ways a fifo never ends.
exec 0<>"$hold"
rm "$hold"
exec lab-maps "$@"
