"""Integrated loudness of a sound in LUFS (EBU R128, ITU-R BS.1770), by FFmpeg's own meter."""

import math
from typing import Any

from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NotYet
from av.error import EOFError as AtEnd
from av.error import FFmpegError
from av.filter import Graph

SILENCE = -70.0
"""The gate of EBU R128: what is never above it has no loudness."""

Form = tuple[str, str, int]


class Loudness:
    """Fed with decoded frames one by one; a sound whose form changes on its way is measured up to there."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._form: Form | None = None
        self._said: float | None = None

    def hear(self, frame: AudioFrame) -> None:
        """Listen to one frame. A form the meter does not take (a strange channel layout) is not measured."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        self._form = self._form or form
        if form != self._form:
            return
        try:
            self._listen(frame)
        except MemoryError:
            raise
        except (FFmpegError, ValueError):
            self._form, self._said = ("", "", 0), None

    def lufs(self) -> float | None:
        """To a tenth; None for silence, and for less than the 0.4 s the meter needs."""
        said = self._said
        return None if said is None or not math.isfinite(said) or said <= SILENCE else round(said, 1)

    def _listen(self, frame: AudioFrame) -> None:
        if self._graph is None:
            self._graph = _meter(frame)
        self._graph.push(frame)
        while (heard := _pulled(self._graph)) is not None:
            if "lavfi.r128.I" in heard.metadata:
                self._said = float(heard.metadata["lavfi.r128.I"])


def _pulled(graph: Graph) -> Any:
    try:
        return graph.pull()
    except (NotYet, AtEnd):  # no more until the next frame
        return None


def _meter(frame: AudioFrame) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout, time_base=frame.time_base
    )
    graph.link_nodes(source, graph.add("ebur128", "metadata=1:framelog=quiet"), graph.add("abuffersink"))
    graph.configure()
    return graph
