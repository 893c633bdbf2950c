"""Names of layer types to write into mutated and made-up networks.

A fixed list and not the registry's, so that a seed gives the same input whatever is registered.
"""

# ruff: noqa: SIM905 - a list of words reads better
TYPES = tuple(
    (
        # BVLC Caffe, commit 9b89154 (the list its layer factory prints).
        "AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data"
        " Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output"
        " HingeLoss Im2col ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN MemoryData"
        " MultinomialLogisticLoss PReLU Parameter Pooling Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid"
        " SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData"
        # Forks.
        " Permute Normalize Axpy Interp ShuffleChannel ReLU6 ConvolutionDepthwise DepthwiseConvolution Upsample"
    ).split()
)
