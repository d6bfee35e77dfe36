# Nothing but the flip that every pipeline of `_base_/datasets` has: the reference that the other
# augmentations are compared with. An augmentation base goes into a config's `_base_` list; its
# transforms come right after loading, where images still have their own size.
augmentations = []
