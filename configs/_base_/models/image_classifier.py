# A timm backbone with its own global pooling, dropout 0.3, one linear layer.
model = dict(
    type="ImageClassifier",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type="TimmBackbone", name="mobilenetv3_large_100"),
    head=dict(type="ClassHead", num_classes=2, dropout=0.3, label_smoothing=0.0),
)
