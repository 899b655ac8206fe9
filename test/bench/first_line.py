#!/usr/bin/python3
"""first_line.py RUNS PATTERN COMMAND...: milliseconds from the start of a command to its first line with PATTERN, the median of RUNS."""
import subprocess
import sys
import time

runs, pattern, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
took = []
for _ in range(runs):
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in child.stdout:
        if pattern.encode() in line:
            took.append((time.monotonic() - began) * 1000)
            break
    child.kill()
    child.stdout.close()
    child.wait()
print("MS=%.0f" % sorted(took)[len(took) // 2] if len(took) == runs else "MS=none")
