#!/usr/bin/python3
"""Answers DNS queries over UDP by asking another resolver, with transactions of its own: dns_forward.py ADDRESS UPSTREAM NAME

NAME is what the process is called. Says `ready` when it listens. Keeps nothing in a cache.
"""
import os
import socket
import sys

address, upstream, name = sys.argv[1:]
with open("/proc/self/comm", "w") as comm:
    comm.write(name)
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind((address, 53))
print("ready", flush=True)
while True:
    query, sender = receiver.recvfrom(4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(2)
        asker.connect((upstream, 53))
        asker.send(os.urandom(2) + query[2:])
        try:
            receiver.sendto(query[:2] + asker.recv(4096)[2:], sender)
        except OSError:
            pass
