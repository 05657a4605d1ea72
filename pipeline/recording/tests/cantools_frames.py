"""Decodes every frame of a candump log by cantools and prints the raw values.

Usage: cantools_frames.py DBC LOG.gz

One line a frame: the position of the frame in the log from 0, then `name=raw`
of each signal in order of names, tabs between. Frames whose id the DBC lacks
are left out. Floats are printed as the hexadecimal bits of a double.
"""

import gzip
import struct
import sys

import cantools


def text_of(raw):
    if isinstance(raw, float):
        return "f" + struct.pack(">d", raw).hex()
    return str(raw)


def main():
    database = cantools.database.load_file(sys.argv[1], strict=False)
    messages = {(m.is_extended_frame, m.frame_id): m for m in database.messages}
    with gzip.open(sys.argv[2], "rt") as log:
        for index, line in enumerate(log):
            name, data = line.split()[2].split("#", 1)
            message = messages.get((len(name) == 8, int(name, 16)))
            if message is None:
                continue
            if data.startswith("#"):
                data = data[2:]  # CAN FD has another # and its flags
            raw = message.decode(
                bytes.fromhex(data), decode_choices=False, scaling=False, allow_truncated=True, allow_excess=True
            )
            fields = [f"{key}={text_of(raw[key])}" for key in sorted(raw)]
            print(index, *fields, sep="\t")


main()
