"""OpenVINO IR: from an ONNX file to the pair NAME.xml and NAME.bin."""
