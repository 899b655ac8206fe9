#!/usr/bin/python3
"""Asks for A records of <label><number>.lab.test: dns_ask.py ADDRESS PORT LABEL COUNT HOW [SECONDS]

HOW is sendto (the address given each time), send (connected), sendmsg, write, or tcp (a byte a segment); each query is sent
when the one before was answered or SECONDS (20) are over. Prints ANSWERED_<label> and SILENT_<label>.
"""
import os
import select
import socket
import struct
import sys

address, port, label, count, how, *rest = sys.argv[1:]
seconds = float(rest[0]) if rest else 20
family = socket.AF_INET6 if ":" in address else socket.AF_INET
there = (address, int(port))
asker = socket.socket(family, socket.SOCK_STREAM if how == "tcp" else socket.SOCK_DGRAM)
if how not in ("sendto", "sendmsg"):
    asker.connect(there)
if how == "tcp":
    asker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def send(query):
    if how == "sendto":
        asker.sendto(query, there)
    elif how == "send":
        asker.send(query)
    elif how == "sendmsg":
        asker.sendmsg([query], [], 0, there)
    elif how == "write":
        os.write(asker.fileno(), query)
    else:
        for byte in len(query).to_bytes(2, "big") + query:
            asker.send(bytes([byte]))


def take():
    if how != "tcp":
        return asker.recv(4096)[:2]
    size = int.from_bytes(asker.recv(2, socket.MSG_WAITALL), "big")
    return asker.recv(size, socket.MSG_WAITALL)[:2]


answered = set()


def take_until(identity, limit):
    """Takes what comes until there is that answer, or nothing for so long; an answer may come after its time."""
    while identity not in answered and select.select([asker], [], [], limit)[0]:
        answered.add(take())


for number in range(int(count)):
    name = f"{label}{number}".encode()
    question = bytes([len(name)]) + name + b"\x03lab\x04test\x00" + struct.pack(">HH", 1, 1)
    identity = struct.pack(">H", number + 1)
    send(identity + struct.pack(">HHHHH", 0x100, 1, 0, 0, 0) + question)
    take_until(identity, seconds)
if len(answered) < int(count):
    take_until(None, 2)
print(f"ANSWERED_{label}={len(answered)}\nSILENT_{label}={int(count) - len(answered)}")
