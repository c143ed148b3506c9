"""Pure functions on ints and tensors; nothing here holds weights or knows OpenMMLab."""
