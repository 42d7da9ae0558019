"""The worker process: one JSON line in, one JSON line out, until the pipe ends.

Speaks only with the process that started it. A breach of a limit ends it, by the kernel or by
itself; the caller turns that into a problem code.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from bindery.files.probe.inspect import list_archive, list_torrent_file, probe_file
from bindery.files.probe.limits import arm_for_file, confine_process, disarm
from bindery.files.probe.torrent import list_torrent
from bindery.files.probe.wire import MAX_LINE, Answer, Greeting, Request


def serve(source: BinaryIO, sink: BinaryIO, *, drill: bool) -> None:
    """Answer requests from `source` on `sink`."""
    line = source.readline(MAX_LINE)
    if not line:
        return
    limits = msgspec.json.decode(line, type=Greeting).limits
    confine_process(limits)
    encoder = msgspec.json.Encoder()
    while line := source.readline(4 * MAX_LINE):
        request = msgspec.json.decode(line, type=Request)
        arm_for_file(limits)
        try:
            answer = _answer(request, drill=drill)
        except MemoryError:
            answer = Answer(out_of_memory=True)
        disarm()
        sink.write(encoder.encode(answer) + b"\n")
        sink.flush()
        if answer.out_of_memory:
            return


def _answer(request: Request, *, drill: bool) -> Answer:
    if request.task == "probe":
        return Answer(file=probe_file(request.path))
    if request.task == "archive":
        return Answer(archive=list_archive(request.path))
    if request.task == "torrent":
        listing = list_torrent(request.data) if request.data else list_torrent_file(request.path)
        return Answer(torrent=listing)
    if drill:
        _break_limits(request)
    return Answer()


def _break_limits(request: Request) -> None:
    """Be the hostile file of the tests: use up time, or memory."""
    hoard: list[bytearray] = []
    while True:
        if request.task == "hoard":
            hoard.append(bytearray(16 * 1024 * 1024))


if __name__ == "__main__":
    # Nothing that a parser prints may reach the pipe of answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers, drill="--drill" in sys.argv)
