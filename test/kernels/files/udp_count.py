#!/usr/bin/python3
"""Counts the datagrams that arrive, IPv4 and IPv6: udp_count.py PORT SOURCE_PORT=SENT…

Once it is told to end it prints LOST, and LOST_<source port> of each: what was sent and did not arrive.
"""
import signal
import socket
import sys

port, *sent = sys.argv[1:]
sent = {int(source): int(count) for source, count in (one.split("=") for one in sent)}
receiver = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
# SO_RCVBUFFORCE: a datagram that finds no room would be counted as lost on the way.
receiver.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
receiver.bind(("", int(port)))
got = dict.fromkeys(sent, 0)


def take(flags=0):
    source = receiver.recvfrom(65536, flags)[1][1]
    if source in got:
        got[source] += 1


def end(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
try:
    while True:
        take()
except KeyboardInterrupt:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
try:
    while True:
        take(socket.MSG_DONTWAIT)
except BlockingIOError:
    pass
for source, count in sent.items():
    print(f"LOST_{source}={count - got[source]}")
print(f"LOST={sum(sent.values()) - sum(got.values())}", flush=True)
