"""Types of Caffe that no graph of fixed shapes expresses: their code, state or size is not in the prototxt."""

from __future__ import annotations

from converters.caffe.layers.registry import refused

refused("Python", reason="runs Python code that the prototxt only names")
refused("Filter", reason="makes tops whose size depends on the numbers in its last bottom")
refused("HDF5Output", reason="writes its bottoms to a file and computes nothing")
refused(
    "LSTM",
    "LSTMUnit",
    "RNN",
    "Recurrent",
    reason="keeps state from step to step; only feed-forward networks are converted",
)
