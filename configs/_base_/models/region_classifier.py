# A timm backbone's feature map, RoIAlign over the given boxes, an MLP with one hidden layer.
model = dict(
    type="RegionClassifier",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type="TimmBackbone", name="resnet10t", map_index=3),
    head=dict(type="ClassHead", num_classes=2, hidden=(256,), dropout=0.3, label_smoothing=0.0),
    widen=dict(left=0.0, right=0.0, up=0.0, down=0.0),
    roi_size=7,
)
