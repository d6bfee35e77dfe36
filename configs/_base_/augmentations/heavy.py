# All of it, for long trainings of large models: crowded scenes, rare classes pasted in, weather,
# an unsteady camera, other light, holes.
augmentations = [
    dict(type="RareClassPaste", prob=0.4, max_pastes=2, rare_share=0.05),
    # Its canvas is twice `img_scale`; the pipeline's own Resize brings it back.
    dict(type="SeededMosaic", prob=0.3, img_scale=(640, 640)),
    dict(type="Mixup", prob=0.15, beta=8.0),
    dict(type="RandomFog", prob=0.1),
    dict(type="CameraJitter", max_degrees=5.0, sigma=(0.5, 1.5), rotate_prob=0.3, blur_prob=0.2),
    dict(type="CutOut", n_holes=(1, 5), cutout_ratio=[(0.05, 0.05), (0.1, 0.1)]),
    # Last: it makes floats, which the uint8 transforms above refuse or round.
    dict(type="PhotoMetricDistortion", brightness_delta=24, hue_delta=12),
]
