"""Inference sessions over verified weights, made once and shared.

ONNX runs in onnxruntime, MediaPipe's .tflite files in LiteRT. A session is made from the very
bytes whose hash was compared, so a file swapped between check and use has no effect.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from threadpoolctl import threadpool_limits

from audit.errors import WeightsError, WeightsUnavailable
from audit.settings import Settings
from audit.types import WeightUse
from audit.weights import WeightStore


class Models:
    """The models of one store. Sessions are cached; making them is safe across threads.

    An onnxruntime session may be run from several threads at once; a LiteRT interpreter may not.

    Args:
        store: where the weights are.
        threads: threads per session, 1 or more.
        settings: what chooses between back ends; the defaults where left out.
    """

    def __init__(
        self, store: WeightStore, *, threads: int = 1, settings: Settings | None = None
    ) -> None:
        self.store = store
        self.threads = threads
        self.settings = Settings.model_construct() if settings is None else settings
        self._onnx: dict[str, Any] = {}
        self._tflite: dict[str, Any] = {}
        self._lock = threading.Lock()

    def onnx(self, weight_id: str) -> Any:
        """The onnxruntime `InferenceSession` of a weight, on the CPU.

        Raises:
            WeightsUnavailable: not installed, or not an ONNX model.
            WeightsTampered: the bytes differ from the manifest.
        """
        with self._lock:
            if weight_id not in self._onnx:
                self._expect(weight_id, "onnx")
                self._onnx[weight_id] = session(self.store.read(weight_id), threads=self.threads)
            return self._onnx[weight_id]

    def tflite(self, weight_id: str) -> Any:
        """The LiteRT `Interpreter` of a weight, tensors allocated.

        Raises:
            WeightsUnavailable: not installed, or not a .tflite model.
            WeightsTampered: the bytes differ from the manifest.
        """
        with self._lock:
            if weight_id not in self._tflite:
                self._expect(weight_id, "tflite")
                data = self.store.read(weight_id)
                with _native_messages_dropped():
                    interpreter = Interpreter(model_content=data, num_threads=self.threads)
                    interpreter.allocate_tensors()
                self._tflite[weight_id] = interpreter
            return self._tflite[weight_id]

    def available(self, weight_id: str) -> bool:
        """Whether the weight is installed and its bytes match the manifest."""
        try:
            self.store.path(weight_id)
        except WeightsError:
            return False
        return True

    def uses(self, *weight_ids: str) -> tuple[WeightUse, ...]:
        """The weights as reports name them."""
        return tuple(self.store.use(weight_id) for weight_id in weight_ids)

    def _expect(self, weight_id: str, runtime: str) -> None:
        found = self.store.row(weight_id).runtime
        if found != runtime:
            raise WeightsUnavailable(f"Weight '{weight_id}' is a {found} model, not {runtime}.")


@contextlib.contextmanager
def _native_messages_dropped() -> Iterator[None]:
    """LiteRT greets on standard error from native code and has no setting against it."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def session(data: bytes, *, threads: int = 1) -> Any:
    """An onnxruntime CPU session over a model's bytes, with a fixed number of threads.

    It gives back what a run needed. Kept for the next run, as onnxruntime would, that is 250 MB for
    AASIST and 600 MB for all networks of a check; giving it back costs AASIST a quarter more time
    and the others next to nothing.
    """
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


@contextlib.contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Keep numpy's linear algebra and OpenCV to `threads` threads inside.

    Their pools take every core and wait by spinning: on small matrices they burn several times the
    CPU time of one thread.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        with threadpool_limits(limits=threads, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(before)
