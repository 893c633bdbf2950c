"""ONNX: the graph of a Caffe network, and the file written without holding it in memory."""
