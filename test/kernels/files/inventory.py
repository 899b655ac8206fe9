#!/usr/bin/python3
"""Everything of BPF in this kernel, and files where bpfdesk may put its own, one a line.

Asks the kernel directly: bpftool would load a program of its own to find out who holds what.
systemd's programs (sd_*) come and go with its units and are left out, and so is what kernel modules say of their types,
which is there as long as they are loaded.
"""
import ctypes
import os
import struct

BPF = 321  # x86_64
NEXT_ID = {"prog": 11, "map": 12, "btf": 23, "link": 31}
PROG_FD_BY_ID = 13
BTF_FD_BY_ID = 19
INFO_BY_FD = 15
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, 128)
    result = libc.syscall(BPF, command, buffer, 128)
    return result, buffer.raw


def ids(kind):
    last = 0
    while True:
        result, attr = bpf(NEXT_ID[kind], struct.pack("=II", last, 0))
        if result < 0:
            return
        last = struct.unpack_from("=I", attr, 4)[0]
        yield last


def info_of(by_id, number, size):
    """The beginning of struct bpf_*_info; None when the object is gone."""
    fd, _ = bpf(by_id, struct.pack("=I", number))
    if fd < 0:
        return None
    info = ctypes.create_string_buffer(size)
    bpf(INFO_BY_FD, struct.pack("=IIQ", fd, size, ctypes.addressof(info)))
    os.close(fd)
    return info.raw


def prog_name(number):
    info = info_of(PROG_FD_BY_ID, number, 80)
    return None if info is None else info[64:80].split(b"\0")[0].decode()


def is_of_kernel(number):
    """The member kernel_btf of struct bpf_btf_info, since 5.11; modules have BTF since then, too."""
    info = info_of(BTF_FD_BY_ID, number, 32)
    return info is not None and struct.unpack_from("=I", info, 28)[0] != 0


for number in ids("prog"):
    name = prog_name(number)
    if name is not None and not name.startswith("sd_"):
        print("prog", number, name)
for kind in ("map", "btf", "link"):
    for number in ids(kind):
        if kind != "btf" or not is_of_kernel(number):
            print(kind, number)
for place in ("/run", "/dev/shm", "/tmp", "/var/tmp", "/sys/fs/bpf"):
    for name in sorted(os.listdir(place)):
        if "bpfdesk" in name or place == "/sys/fs/bpf":
            print("file", os.path.join(place, name))
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/comm") as comm:
            if comm.read().startswith("bpfdesk-tracer"):
                print("process", pid)
    except OSError:
        pass
