#!/usr/bin/python3
"""Sends datagrams, all from one socket: udp_send.py ADDRESS PORT [--count N] [--size BYTES] [--source-port PORT]
                 [--mark N]

Errors that come back (nobody listens there) are left alone.
"""
import argparse
import socket

args = argparse.ArgumentParser()
args.add_argument("address")
args.add_argument("port", type=int)
args.add_argument("--count", type=int, default=1)
args.add_argument("--size", type=int, default=32)
args.add_argument("--source-port", type=int, default=0)
args.add_argument("--mark", type=int, default=0)
wanted = args.parse_args()

family = socket.AF_INET6 if ":" in wanted.address else socket.AF_INET
sender = socket.socket(family, socket.SOCK_DGRAM)
# SO_MARK
sender.setsockopt(socket.SOL_SOCKET, 36, wanted.mark)
sender.bind(("", wanted.source_port))
for _ in range(wanted.count):
    sender.sendto(b"x" * wanted.size, (wanted.address, wanted.port))
