"""Faults made on purpose in ONNX artifacts, which a check must find: the controls of `ctk parity` among them."""
