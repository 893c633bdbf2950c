"""Things that execute artifacts, behind one protocol."""

from toolkit.backends.opening import open_backend
from toolkit.backends.protocol import Backend, BackendInfo, Session, TensorInfo

__all__ = ["Backend", "BackendInfo", "Session", "TensorInfo", "open_backend"]
