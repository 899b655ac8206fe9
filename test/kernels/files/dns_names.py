#!/usr/bin/python3
"""Asks for A records of names made by a pattern: dns_names.py ADDRESS PATTERN COUNT PER_SECOND [connect=PORT] [tcp]

In PATTERN {n} is the number of the query, {few} that number modulo 8, {data} 40 characters that no two numbers share. COUNT 0
asks until it is killed. Each query waits for its answer, for two seconds at most; connect=PORT then tries to connect to
the first address of the answer. Ends with its standard input, if that is no terminal and not /dev/null.
"""
import hashlib
import os
import select
import socket
import struct
import sys
import time

address, pattern, count, per_second, *ways = sys.argv[1:]
connect = next((int(way[8:]) for way in ways if way.startswith("connect=")), None)
tcp = "tcp" in ways


def query_for(number):
    data = hashlib.sha1(str(number).encode()).hexdigest()
    name = pattern.replace("{n}", str(number)).replace("{few}", str(number % 8)).replace("{data}", data)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number % 65536, 0x100, 1, 0, 0, 0) + labels + b"\x00" + struct.pack(">HH", 1, 1)


def ask(query):
    """The answer, or nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as asker:
        asker.settimeout(2)
        asker.connect((address, 53))
        try:
            if not tcp:
                asker.send(query)
                return asker.recv(4096)
            asker.sendall(len(query).to_bytes(2, "big") + query)
            size = int.from_bytes(asker.recv(2, socket.MSG_WAITALL), "big")
            return asker.recv(size, socket.MSG_WAITALL)
        except OSError:
            return b""


def try_to_reach(answer):
    """The address is the end of a message with one A record."""
    if len(answer) < 12 or answer[6:8] != b"\x00\x01":
        return
    with socket.socket() as stream:
        stream.settimeout(1)
        stream.connect_ex((socket.inet_ntoa(answer[-4:]), connect))


watched = [sys.stdin] if os.fstat(0).st_mode & 0o170000 == 0o010000 else []
number, begun = 0, time.monotonic()
while int(count) == 0 or number < int(count):
    answer = ask(query_for(number))
    if connect is not None:
        try_to_reach(answer)
    number += 1
    if watched and select.select(watched, [], [], 0)[0]:
        break
    time.sleep(max(0, begun + number / float(per_second) - time.monotonic()))
