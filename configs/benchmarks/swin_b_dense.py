# The dense Swin-B as detectors use it, for tools/analysis_tools/benchmark.py --mode forward.
model = dict(type='mmgreen.GreenSwin', arch='base', out_indices=(0, 1, 2, 3), pad_small_map=True)
