# Tracking with Weights & Biases: one more entry in a leaf's `_base_` list, after
# default_runtime.py. Without a key or a network wandb records offline, in the run's folder.
vis_backends = [
    dict(type="LocalVisBackend"),
    dict(type="GuardedWandbBackend", init_kwargs=dict(project="podium")),
]
visualizer = dict(type="DetLocalVisualizer", vis_backends=vis_backends, name="visualizer")
