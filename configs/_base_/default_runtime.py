# What every run shares: the registry scope, the hooks, the logs.
default_scope = "mmdet"
custom_imports = dict(imports=["custom.detection"])

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=10),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # The best weights only; what a killed training goes on from is ResumePointHook's last.pth.
    checkpoint=dict(
        type="CheckpointHook",
        interval=-1,
        save_last=False,
        save_best="coco/bbox_mAP_50",
        rule="greater",
    ),
    sampler_seed=dict(type="DistSamplerSeedHook"),
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),
)

vis_backends = [dict(type="LocalVisBackend")]
visualizer = dict(type="DetLocalVisualizer", vis_backends=vis_backends)
# Where runs are tracked besides: "wandb", "tensorboard" or both.
tracking = []
log_processor = dict(type="LogProcessor", window_size=20, by_epoch=True)
log_level = "INFO"

load_from = None
resume = False
