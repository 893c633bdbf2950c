"""Times of single layers, joined to the layers of the Caffe network."""
