#!/usr/bin/python3
"""A wire between two network namespaces that loses what it is told to, where no kernel sees it: the path beyond a node.

lossy_wire.py NEAR FAR [COMMAND...]: two tun devices `wire`, 10.9.7.1 and 10.9.7.2, with this process between them. NEAR and
FAR are names of ip netns, or paths. Commands, as arguments or one a line of standard input:
    lose N PORT     every Nth TCP segment with data to or from that port is lost, both ways; 0: none
    most BYTES      packets longer than that are lost (their IP length); 0: none
    dead PORT       every segment to or from that port is lost; 0: none
    counts          prints `counts LOST CARRIED` of TCP segments so far
Prints `ready`, and `ok` after each of the others. Ends with its input, or at a signal when it has none.
"""
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


def made(netns, address):
    path = netns if "/" in netns else f"/run/netns/{netns}"
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    name = f"bpfdt{os.getpid()}"
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    # The queue is long: nothing may be lost but what is told to be.
    subprocess.run(["ip", "link", "set", name, "netns", path, "name", "wire", "txqueuelen", "20000"], check=True)
    lines = f"address add {address}/24 dev wire\nlink set wire up\n"
    subprocess.run(["nsenter", f"--net={path}", "ip", "-batch", "-"], input=lines, text=True, check=True)
    return device


rules = {"lose": 0, "lose_port": 0, "most": 0, "dead": 0}
counted = {"lost": 0, "carried": 0, "data": 0}


def is_lost(packet):
    if packet[0] >> 4 == 4:
        at, protocol = (packet[0] & 15) * 4, packet[9]
    else:
        at, protocol = 40, packet[6]
    if protocol != 6 or len(packet) < at + 20:
        return False
    ports = struct.unpack_from("!HH", packet, at)
    data = len(packet) - at - (packet[at + 12] >> 4) * 4
    lost = (rules["most"] and len(packet) > rules["most"]) or (rules["dead"] and rules["dead"] in ports)
    if rules["lose"] and rules["lose_port"] in ports and data > 0:
        counted["data"] += 1
        lost = lost or counted["data"] % rules["lose"] == 0
    counted["lost" if lost else "carried"] += 1
    return lost


def told(line):
    word, *values = line.split()
    if word == "counts":
        return f"counts {counted['lost']} {counted['carried']}"
    rules[word] = int(values[0])
    if word == "lose":
        rules["lose_port"] = int(values[1])
    return "ok"


for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: os._exit(0))
near, far = made(sys.argv[1], "10.9.7.1"), made(sys.argv[2], "10.9.7.2")
other = {near: far, far: near}
for command in sys.argv[3:]:
    told(command)
waiting = select.poll()
for one in (near, far, sys.stdin.fileno()):
    waiting.register(one, select.POLLIN)
rest, first = b"", True
print("ready", flush=True)
while True:
    for one, _ in waiting.poll():
        if one == sys.stdin.fileno():
            got = os.read(one, 4096)
            if not got and first:
                waiting.unregister(one)  # it never had any
            elif not got:
                sys.exit()
            first = False
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                print(told(line.decode()), flush=True)
            continue
        try:
            for _ in range(64):
                packet = os.read(one, 65536)
                if not is_lost(packet):
                    os.write(other[one], packet)
        except BlockingIOError:
            pass
