#!/usr/bin/python3
"""A filter as loaders without BTF make it: plain_drop.py INTERFACE PREF. On egress; drops what has mark 7, else goes on.

It lives as long as its filter. Prints PLAIN=<number of the program>.
"""
import ctypes
import os
import struct
import subprocess
import sys

BPF = 321  # x86_64
PROG_LOAD, OBJ_PIN = 5, 6
SCHED_CLS = 3
PIN = "/sys/fs/bpf/plain_drop"
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    result = libc.syscall(BPF, command, ctypes.create_string_buffer(attr, 128), 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command})")
    return result


def text(value):
    buffer = ctypes.create_string_buffer(value)
    return buffer, ctypes.addressof(buffer)


# r2 = skb->mark; r0 = TC_ACT_SHOT; if r2 != 7 then r0 = TC_ACT_UNSPEC
code = [(0x61, 0x12, 8, 0), (0xB7, 0, 0, 2), (0x15, 2, 1, 7), (0xB7, 0, 0, -1), (0x95, 0, 0, 0)]
insns, insns_at = text(b"".join(struct.pack("<BBhi", *one) for one in code))
licence, licence_at = text(b"GPL")
pin, pin_at = text(PIN.encode())
prog = bpf(PROG_LOAD, struct.pack("<IIQQIIQII16s", SCHED_CLS, len(code), insns_at, licence_at, 0, 0, 0, 0, 0, b"plain_drop"))
bpf(OBJ_PIN, struct.pack("<QII", pin_at, prog, 0))
try:
    interface, pref = sys.argv[1:]
    subprocess.run(
        ["tc", "filter", "add", "dev", interface, "egress", "pref", pref, "bpf", "da", "object-pinned", PIN], check=True
    )
finally:
    os.unlink(PIN)
with open(f"/proc/self/fdinfo/{prog}") as info:
    print(*(f"PLAIN={line.split()[1]}" for line in info if line.startswith("prog_id:")))
