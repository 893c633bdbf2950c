"""Caffe networks: reading prototxt and caffemodel, the layers, and `caffe-reference`."""
