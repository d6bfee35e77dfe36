# Two images in equal halves on half of the samples. Teams report losses with it (mAP50 .487 to
# .447 in one case) as well as gains: evaluate it with tools/gate.py before believing in it.
augmentations = [dict(type="Mixup", prob=0.5, ratio=0.5)]
