# SPDX-License-Identifier: Apache-2.0
"""Hears Kwapi's bus with nothing of Kwapi's: python hear.py ENDPOINT PREFIX SOURCE KEY_ID KEY."""

import hashlib
import hmac
import sys

import msgpack
import zmq


def read(frame, source, key_id, key):
    """The topic, epoch, sequence number and readings of a frame; ValueError if it is not to be believed."""
    signed, mac = frame[:-32], frame[-32:]
    topic, its_key, body = signed.split(b"\0", 2)
    if its_key != key_id.encode():
        raise ValueError("a key that is not known")
    proof = hashlib.blake2b(signed, key=key, digest_size=32, person=b"kwapi-1").digest()
    if not hmac.compare_digest(proof, mac):
        raise ValueError("a wrong signature")
    version, its_source, epoch, sequence, _, columns = msgpack.unpackb(body)
    if version != 1 or its_source != source:
        raise ValueError("another version, or another source")
    probes, base_ns, begin_ns, end_ns, watts = columns[:5]
    spans = [(base_ns + begin, base_ns + end) for begin, end in zip(begin_ns, end_ns, strict=True)]
    return topic.decode(), epoch, sequence, list(zip(probes, spans, watts, strict=True))


if __name__ == "__main__":
    endpoint, prefix, source, key_id, key = sys.argv[1:]
    socket = zmq.Context().socket(zmq.SUB)
    socket.connect(endpoint)
    socket.subscribe(prefix)
    expected = {}
    while True:
        topic, epoch, sequence, readings = read(socket.recv(), source, key_id, bytes.fromhex(key))
        missed = sequence - expected.get((topic, epoch), sequence)
        expected[topic, epoch] = sequence + 1
        for probe, (_, end_ns), watts in readings:
            print(probe, end_ns / 1e9, watts, f"{missed} missed" if missed else "", flush=True)
